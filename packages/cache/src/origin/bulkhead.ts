import { CacheError } from '../errors.ts';
import { REAL_TIME, type Time } from '../time.ts';

/**
 * Lets a bounded number of loads through at a time, and a bounded number wait for a bounded time; the next is shed before
 * any work. When Redis is gone every read goes to the origin, and it is this wall that keeps the origin standing.
 */
export class Bulkhead {
  readonly #limit: number;
  readonly #queueLimit: number;
  readonly #waitMs: number;
  readonly #time: Time;
  /** A Set keeps the order of arrival, and lets one that gave up leave from the middle. */
  readonly #queue = new Set<() => void>();
  #running = 0;

  constructor(limit: number, queueLimit: number, waitMs: number, time: Time = REAL_TIME) {
    this.#time = time;
    this.#limit = limit;
    this.#queueLimit = queueLimit;
    this.#waitMs = waitMs;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Resolves when there is room, first come first served. Every `enter` that resolved is followed by one `leave`. */
  async enter(): Promise<void> {
    if (this.#running < this.#limit) {
      this.#running++;
      return;
    }
    if (this.#queue.size >= this.#queueLimit) {
      throw new CacheError(
        'E_CACHE_OVERLOADED',
        `${this.#running} loads are running and ${this.#queue.size} are waiting: try again in a moment`,
      );
    }
    await this.#wait();
  }

  leave(): void {
    for (const next of this.#queue) {
      // It hands its place over, so `#running` does not change.
      next();
      return;
    }
    this.#running--;
  }

  /**
   * Who is in the queue has neither been let in nor given up; either takes it out in the same turn. Otherwise:
   *   1: a waiter gives up   2: a load leaves and hands it the place   3: nobody is there to leave again: a place is lost.
   */
  #wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        this.#queue.delete(admit);
        cancel();
        resolve();
      };
      const cancel = this.#time.after(this.#waitMs, () => {
        this.#queue.delete(admit);
        const message = `no place for a load became free within ${this.#waitMs} ms: try again in a moment`;
        reject(new CacheError('E_CACHE_OVERLOADED', message));
      });
      this.#queue.add(admit);
    });
  }
}
