import type { Invalidation } from '../shared/state.ts';

/** Invalidations that are shown. */
const SHOWN = 60;
/** New ones a second; keys of the matrix are always shown. */
const PER_SECOND = 10;
/** What replicas say of one key within this time is one invalidation, where they have no clock to tell them apart, ms. */
const TOGETHER_MS = 1_500;
/** A commit that no replica has heard of by then is shown as one that was lost, ms. */
const SILENT_MS = 300;

/** Where there is no clock: what a replica says again of a key within this time is the same, heard on the bus, ms. */
const ECHO_MS = 150;

/** What a writer said of itself before anybody else said anything: its answer may overtake the bus. */
interface Early {
  readonly replica: string;
  readonly key: string;
  readonly clock: number;
  readonly lag: number;
}

interface Item {
  readonly shown: Invalidation;
  readonly since: number;
  version: number | null;
}

/**
 * The lane of invalidations: when each was sent, and when each replica applied it. One that has not come stays missing:
 * a commit at the origin that nobody has heard of is a line as well.
 */
export class Lane {
  readonly #pinned: (key: string) => boolean;
  readonly #items: Item[] = [];
  readonly #changed = new Set<Invalidation>();
  readonly #silent: { key: string; version: number; at: number }[] = [];
  readonly #early: Early[] = [];
  #replicas: readonly string[] = [];
  #id = 0;
  #second = 0;
  #inSecond = 0;

  constructor(pinned: (key: string) => boolean) {
    this.#pinned = pinned;
  }

  /** Who is expected to apply what comes from now on. */
  expect(replicas: readonly string[]): void {
    this.#replicas = replicas;
  }

  /** `own`: by the writer itself, at the beginning of a write, or at its end, which is no line of its own. */
  applied(replica: string, key: string, clock: number, lagMs: number | null, now: number, own: boolean): void {
    const known = this.#of(key, clock, replica, now);
    if (known === undefined && own && clock > 0) {
      this.#early.push({ replica, key, clock, lag: lagMs ?? 0 });
      if (this.#early.length > SHOWN) this.#early.shift();
      return;
    }
    const item = known ?? this.#open(key, clock, now);
    if (item === null) return;
    if (item.shown.ticks[replica] !== null && item.shown.ticks[replica] !== undefined) return;
    // Without a lag of its own, the time since the first one heard of it.
    item.shown.ticks[replica] = Math.round((lagMs ?? now - item.since) * 100) / 100;
    this.#changed.add(item.shown);
  }

  committed(key: string, version: number, now: number): void {
    const item = this.#items.findLast((one) => one.shown.key === key && now - one.since < TOGETHER_MS);
    if (item !== undefined && item.version === null) {
      item.version = version;
      item.shown.version = version;
      this.#changed.add(item.shown);
    } else if (item === undefined || item.version !== version) {
      this.#silent.push({ key, version, at: now });
      if (this.#silent.length > SHOWN) this.#silent.shift();
    }
  }

  /** Opens a line for what has been committed, and not been invalidated by now. */
  sweep(now: number): void {
    while (this.#silent[0] !== undefined && now - this.#silent[0].at > SILENT_MS) {
      const { key, version, at } = this.#silent.shift() as { key: string; version: number; at: number };
      const told = this.#items.findLast((one) => one.shown.key === key && one.since > at - TOGETHER_MS);
      const item = told ?? this.#open(key, 0, now);
      if (item === null || (item.version ?? 0) >= version) continue;
      item.version = version;
      item.shown.version = version;
      this.#changed.add(item.shown);
    }
  }

  all(): Invalidation[] {
    return this.#items.map(({ shown }) => shown);
  }

  takeChanged(): Invalidation[] {
    const changed = [...this.#changed].sort((a, b) => a.id - b.id);
    this.#changed.clear();
    return changed;
  }

  #of(key: string, clock: number, replica: string, now: number): Item | undefined {
    return this.#items.findLast(({ shown, since }) =>
      clock > 0
        ? shown.clock === clock && shown.key === key
        : shown.key === key && now - since < ((shown.ticks[replica] ?? null) === null ? TOGETHER_MS : ECHO_MS),
    );
  }

  #open(key: string, clock: number, now: number): Item | null {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    if (this.#inSecond++ >= PER_SECOND && !this.#pinned(key)) return null;
    const ticks: Invalidation['ticks'] = Object.fromEntries(this.#replicas.map((name) => [name, null]));
    for (const early of this.#early) if (early.key === key && early.clock === clock) ticks[early.replica] = early.lag;
    const shown = { id: ++this.#id, key, version: null, at: Date.now(), clock, ticks };
    const item = { shown, since: now, version: null };
    this.#items.push(item);
    this.#changed.add(shown);
    if (this.#items.length > SHOWN) this.#changed.delete((this.#items.shift() as Item).shown);
    return item;
  }
}
