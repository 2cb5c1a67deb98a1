/**
 * Readers that wait for another's fill. A watch is opened before LEASE is sent, as the notice may overtake the denial:
 *   1: LEASE is denied, the waiter counted   2: the holder fills, the notice arrives on the bus   3: the denial arrives.
 * A watch opened at 3 would wait for a notice that has been.
 */
export class Watch {
  readonly #close: (watch: Watch) => void;
  #woken = false;
  #wake: (() => void) | undefined;

  constructor(close: (watch: Watch) => void) {
    this.#close = close;
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves when the key was filled, released or invalidated since the watch was opened, at last after `maxMs`. */
  async wait(maxMs: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#woken = false;
    this.#wake = undefined;
  }

  close(): void {
    this.#close(this);
  }
}

export class Notices {
  readonly #watches = new Map<string, Set<Watch>>();

  open(key: string): Watch {
    const watch = new Watch((closing) => {
      const others = this.#watches.get(key);
      others?.delete(closing);
      if (others?.size === 0) this.#watches.delete(key);
    });
    const others = this.#watches.get(key);
    if (others === undefined) this.#watches.set(key, new Set([watch]));
    else others.add(watch);
    return watch;
  }

  wake(key: string): void {
    for (const watch of this.#watches.get(key) ?? []) watch.wake();
  }
}
