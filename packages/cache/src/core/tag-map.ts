import { TAG_MAP_ENTRIES } from './limits.ts';

/**
 * What one replica remembers of the invalidations of tags: tag -> clock of the last one, and a floor below which it
 * has forgotten. A value with tags whose f is below the floor must be refused, in L1 as in L2.
 *
 * `known` is the clock from which on the map is complete: it was emptied there. A value in L2 with an older f may
 * carry a tag whose invalidation the map no longer holds, so such a value is never decided by this map [C1, C2].
 */
export class TagMap {
  private readonly clocks = new Map<string, number>();
  private readonly limit: number;
  private floor = 0;
  /** The clock from which on the map is complete. */
  known = 0;

  constructor(limit: number = TAG_MAP_ENTRIES) {
    this.limit = limit;
  }

  get size(): number {
    return this.clocks.size;
  }

  /** Forgets everything; from `clock` on the map is complete again. */
  restart(clock: number): void {
    this.clocks.clear();
    this.floor = 0;
    this.known = clock;
  }

  /** A Map keeps the order of insertion, so deleting first keeps the least recently invalidated tag in front. */
  invalidated(tag: string, clock: number): void {
    const before = this.clocks.get(tag);
    if (before !== undefined && before >= clock) return;
    this.clocks.delete(tag);
    this.clocks.set(tag, clock);
    if (this.clocks.size <= this.limit) return;
    for (const [oldest, at] of this.clocks) {
      this.clocks.delete(oldest);
      if (at > this.floor) this.floor = at;
      break;
    }
  }

  /** True when a value of this f may not be served: one of its tags was invalidated later, or nobody knows any more. */
  outdated(tags: readonly string[], f: number): boolean {
    if (tags.length === 0) return false;
    if (f < this.floor) return true;
    for (const tag of tags) {
      const at = this.clocks.get(tag);
      if (at !== undefined && at > f) return true;
    }
    return false;
  }

  /** True when the map is complete for values of this f. */
  covers(f: number): boolean {
    return f >= this.known && f >= this.floor;
  }
}
