/** How far back rates, ratios and lags look, ms. */
export const WINDOW_MS = 5_000;
/** Lags kept per replica; of more within the window the newest count. */
const LAGS_KEPT = 2_048;

/** The counters of a replica whose rates are shown. The six after `gets` add up to it. */
const RATED = [
  'gets',
  'l1Hits',
  'l2Hits',
  'loads',
  'joins',
  'bypasses',
  'failures',
  'invalidationsApplied',
  'writes',
] as const;

/** Per second. */
export type Rates = Readonly<Record<(typeof RATED)[number], number>>;

type Counters = Readonly<Record<string, unknown>>;

/** What counters grew by in the last seconds, per second. */
export class RateWindow {
  readonly #samples: { readonly at: number; readonly counts: Rates }[] = [];

  /** `at` is local ms, monotonic. */
  add(at: number, counters: Counters): void {
    const counts = ratesOf((name) => (typeof counters[name] === 'number' ? counters[name] : 0));
    const last = this.#samples.at(-1);
    // Counters that went back belong to another process: against the former one's they would show a negative rate.
    if (last !== undefined && RATED.some((name) => counts[name] < last.counts[name])) this.clear();
    this.#samples.push({ at, counts });
    while (this.#samples.length > 2 && at - (this.#samples[1]?.at ?? at) >= WINDOW_MS) this.#samples.shift();
  }

  clear(): void {
    this.#samples.length = 0;
  }

  /** Null before there are two samples. */
  rates(): Rates | null {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return null;
    const seconds = (last.at - first.at) / 1_000;
    return ratesOf((name) => (last.counts[name] - first.counts[name]) / seconds);
  }
}

/** The lags of the last seconds, bounded. */
export class LagWindow {
  readonly #lags: { readonly at: number; readonly ms: number }[] = [];

  add(at: number, ms: number): void {
    this.#lags.push({ at, ms });
    // In pieces, as moving the whole array for each of thousands a second would cost more than keeping a few too many.
    if (this.#lags.length >= 2 * LAGS_KEPT) this.#lags.splice(0, LAGS_KEPT);
  }

  within(now: number): number[] {
    return this.#lags
      .slice(-LAGS_KEPT)
      .filter(({ at }) => now - at <= WINDOW_MS)
      .map(({ ms }) => ms);
  }
}

export interface Lag {
  readonly p50: number;
  readonly p99: number;
}

/** Null of nothing; else the values that half, and 99 of 100, are not above. */
export function lagOf(lags: readonly number[]): Lag | null {
  if (lags.length === 0) return null;
  const sorted = [...lags].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** The whole cluster's: sums, but for invalidations, which every replica applies: there the one that applied most counts. */
export function totalOf(all: readonly Rates[]): Rates | null {
  if (all.length === 0) return null;
  return ratesOf((name) => {
    const values = all.map((rates) => rates[name]);
    return name === 'invalidationsApplied' ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0);
  });
}

function ratesOf(of: (name: (typeof RATED)[number]) => number): Rates {
  return Object.fromEntries(RATED.map((name) => [name, of(name)])) as Rates;
}
