import type { Seen } from './operation.ts';

/**
 * Answers "which operation with a newer version than this was the first to end?" in O(log n), after one sort.
 *
 * Every promise to a reader is of one form: a read must not return less than the newest version among some operations
 * that ended before it began (the floor). A read of v is under the floor if and only if an operation with a version
 * above v had ended; the first of those to end tells that, and also since when v was out of date: how stale the read
 * is. So a sweep over time that carries the floor along and this index give the same verdict, and only this one gives
 * the staleness. As versions order the writes of a key, nothing has to be searched (Gibbons and Korach, 1997).
 */
export class Newer {
  /** By version, ascending; `first[i]` is the first to end among `versions[i]` and above. */
  readonly #versions: readonly number[];
  readonly #first: readonly Seen[];

  constructor(operations: readonly Seen[]) {
    const sorted = operations.toSorted((a, b) => a.version - b.version);
    const first: Seen[] = [...sorted];
    for (let i = first.length - 2; i >= 0; i--) {
      const after = first[i + 1] as Seen;
      if (after.end < (first[i] as Seen).end) first[i] = after;
    }
    this.#versions = sorted.map((operation) => operation.version);
    this.#first = first;
  }

  /** The first to end among the operations with a version above this one. */
  than(version: number): Seen | undefined {
    return this.#first[countUpTo(this.#versions, version)];
  }
}

/**
 * Answers "which write has to have begun, for this version to exist, and began last?" in O(log n): versions grow by
 * one, so a version exists only after all writes up to it.
 */
export class Begun {
  readonly #versions: readonly number[];
  readonly #last: readonly Seen[];

  constructor(writes: readonly Seen[]) {
    // Of two writes with one version, an error of its own, the earlier one makes the version exist.
    const sorted = writes.toSorted((a, b) => a.version - b.version || a.start - b.start);
    const last: Seen[] = [];
    const versions: number[] = [];
    for (const write of sorted) {
      if (write.version === versions.at(-1)) continue;
      const before = last.at(-1);
      last.push(before !== undefined && before.start > write.start ? before : write);
      versions.push(write.version);
    }
    this.#versions = versions;
    this.#last = last;
  }

  /** The last to begin among the writes with a version up to this one. */
  upTo(version: number): Seen | undefined {
    return this.#last[countUpTo(this.#versions, version) - 1];
  }
}

/** How many of the ascending numbers are not above the limit. */
function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
