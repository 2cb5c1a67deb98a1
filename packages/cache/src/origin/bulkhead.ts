import { CacheError } from '../errors.ts';

/**
 * Lets a bounded number of loads through at a time and a bounded number wait; the next is shed before any work.
 * When Redis is gone every read goes to the origin, and it is this wall that keeps the origin standing.
 */
export class Bulkhead {
  readonly #limit: number;
  readonly #queueLimit: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(limit: number, queueLimit: number) {
    this.#limit = limit;
    this.#queueLimit = queueLimit;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Resolves when there is room, first come first served. Every `enter` is followed by one `leave`. */
  async enter(): Promise<void> {
    if (this.#running < this.#limit) {
      this.#running++;
      return;
    }
    if (this.#queue.length >= this.#queueLimit) {
      throw new CacheError(
        'E_CACHE_OVERLOADED',
        `${this.#running} loads are running and ${this.#queue.length} are waiting: try again in a moment`,
      );
    }
    // The one that leaves hands its place over, so `#running` does not change.
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
