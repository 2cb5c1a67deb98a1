import { REAL_TIME, type Time } from '../time.ts';

/**
 * Readers that wait for another's fill. A watch is opened before LEASE is sent, as the notice may overtake the denial:
 *   1: LEASE is denied, the waiter counted   2: the holder fills, the notice arrives on the bus   3: the denial arrives.
 * A watch opened at 3 would wait for a notice that has been.
 */
export class Watch {
  readonly #time: Time;
  readonly #others: Map<string, Set<Watch>>;
  readonly #key: string;
  #woken = false;
  #wake: (() => void) | undefined;

  /** `others`: all that are open. */
  constructor(time: Time, others: Map<string, Set<Watch>>, key: string) {
    this.#time = time;
    this.#others = others;
    this.#key = key;
    const watches = others.get(key);
    if (watches === undefined) others.set(key, new Set([this]));
    else watches.add(this);
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves when the key was filled, released or invalidated since the watch was opened, at last after `maxMs`. */
  async wait(maxMs: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const cancel = this.#time.after(maxMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#woken = false;
    this.#wake = undefined;
  }

  close(): void {
    const watches = this.#others.get(this.#key);
    watches?.delete(this);
    if (watches?.size === 0) this.#others.delete(this.#key);
  }
}

export class Notices {
  readonly #time: Time;
  readonly #watches = new Map<string, Set<Watch>>();

  constructor(time: Time = REAL_TIME) {
    this.#time = time;
  }

  open(key: string): Watch {
    return new Watch(this.#time, this.#watches, key);
  }

  wake(key: string): void {
    const watches = this.#watches.get(key);
    if (watches !== undefined) for (const watch of watches) watch.wake();
  }
}
