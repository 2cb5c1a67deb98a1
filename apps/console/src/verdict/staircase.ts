/** An operation that has ended, of which a later read of its key has to know. */
export interface Step<T> {
  readonly version: number;
  /** When it ended, ms. */
  readonly end: number;
  readonly operation: T;
}

/**
 * Answers "which operation with a newer version than this was the first to end?" for operations that are added in the
 * order of their ends. One that is not newer than all before it changes no answer, so only the steps upwards are kept.
 *
 * What is kept is bounded: a step may go when the one behind it is old enough, too. A read of a version from before it is
 * then held against that later step: still a violation where it was one, with a staleness that is too small by no more
 * than the time between the two.
 */
export class Staircase<T> {
  readonly #steps: Step<T>[] = [];

  add(version: number, end: number, operation: T): void {
    const top = this.#steps.at(-1);
    if (top === undefined || version > top.version) this.#steps.push({ version, end, operation });
  }

  /** The first to end among those with a version above this one. */
  than(version: number): Step<T> | undefined {
    const top = this.#steps.at(-1);
    if (top === undefined || top.version <= version) return undefined;
    let low = 0;
    let high = this.#steps.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#steps[middle] as Step<T>).version > version) high = middle;
      else low = middle + 1;
    }
    return this.#steps[low];
  }

  get top(): Step<T> | undefined {
    return this.#steps.at(-1);
  }

  /** Drops steps whose successor had ended before this time; answers whether nothing newer than that is left. */
  forget(before: number): boolean {
    let from = 0;
    while (((this.#steps[from + 1] as Step<T> | undefined)?.end ?? Infinity) < before) from++;
    if (from > 0) this.#steps.splice(0, from);
    return (this.top?.end ?? -Infinity) < before;
  }
}
