/** Lags that are remembered, and for how long, ms. */
const LAGS_MOST = 512;
const WINDOW_MS = 10_000;
/** Pages are told more often than anybody can follow such a figure, ms. */
const ANEW_MS = 1_000;

/** Where one window after the other is sorted. */
const SORTED = new Float64Array(LAGS_MOST);

/** The lags of the last seconds: a ring. */
export class LagWindow {
  readonly #at = new Float64Array(LAGS_MOST).fill(-Infinity);
  readonly #ms = new Float64Array(LAGS_MOST);
  #next = 0;
  #known: { p50: number; p99: number } | null = null;
  #knownAt = -Infinity;

  add(at: number, ms: number): void {
    this.#at[this.#next] = at;
    this.#ms[this.#next] = ms;
    this.#next = (this.#next + 1) % LAGS_MOST;
  }

  /** Null when there were none. */
  quantiles(now: number): { p50: number; p99: number } | null {
    if (now - this.#knownAt >= ANEW_MS) {
      this.#known = this.#quantiles(now);
      this.#knownAt = now;
    }
    return this.#known;
  }

  #quantiles(now: number): { p50: number; p99: number } | null {
    let count = 0;
    // Backwards, from the newest: those that are too old come behind it.
    for (let back = 1; back <= LAGS_MOST; back++) {
      const index = (this.#next - back + LAGS_MOST) % LAGS_MOST;
      if (now - (this.#at[index] as number) > WINDOW_MS) break;
      SORTED[count++] = this.#ms[index] as number;
    }
    if (count === 0) return null;
    const sorted = SORTED.subarray(0, count).sort();
    const of = (part: number) => sorted[Math.min(count - 1, Math.floor(count * part))] as number;
    return { p50: of(0.5), p99: of(0.99) };
  }
}
