/** Who waits until a cache is attached and trusted. */
export class Readiness {
  readonly #waiting = new Set<PromiseWithResolvers<void>>();

  /** Rejects when the signal aborts first, or the cache is closed. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const waiter = Promise.withResolvers<void>();
    const aborted = () => waiter.reject(signal?.reason);
    signal?.addEventListener('abort', aborted, { once: true });
    this.#waiting.add(waiter);
    try {
      await waiter.promise;
    } finally {
      this.#waiting.delete(waiter);
      signal?.removeEventListener('abort', aborted);
    }
  }

  tell(): void {
    for (const waiter of this.#waiting) waiter.resolve();
  }

  close(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
  }
}
