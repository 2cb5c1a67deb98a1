/** A gap that is not closed within this time is no longer waited for, ms. */
const OPEN_MOST_MS = 60_000;

interface Gap {
  readonly applied: number;
  clock: number;
  readonly since: number;
  readonly keys: Set<string>;
}

/** Follows each replica's gap from its discovery until the journal has filled it, and tells it in one line. */
export class Gaps {
  readonly #open = new Map<string, Gap>();
  readonly #healed: (replica: string, words: string) => void;

  constructor(healed: (replica: string, words: string) => void) {
    this.#healed = healed;
  }

  found(replica: string, applied: number, clock: number, now: number): void {
    const gap = this.#open.get(replica);
    if (gap !== undefined && now - gap.since < OPEN_MOST_MS) gap.clock = Math.max(gap.clock, clock);
    else this.#open.set(replica, { applied, clock, since: now, keys: new Set() });
  }

  applied(replica: string, clock: number, keys: readonly string[], via: string, now: number): void {
    const gap = this.#open.get(replica);
    if (gap === undefined || via !== 'beat') return;
    for (const key of keys) gap.keys.add(key);
    if (clock < gap.clock - 1) return;
    this.#open.delete(replica);
    const count = `${gap.keys.size} key${gap.keys.size === 1 ? '' : 's'}`;
    this.#healed(
      replica,
      `gap ${gap.applied} -> ${gap.clock}, ${count} from the journal, ${Math.round(now - gap.since)} ms`,
    );
  }

  forget(replica: string): void {
    this.#open.delete(replica);
  }
}
