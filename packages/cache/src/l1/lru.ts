import { LRUCache } from 'lru-cache';
import type { L1Entry, L1Store } from './store.ts';

/** L1 on lru-cache: exact recency, a little faster than node-cache. Times are judged by the reader, so no TTL here. */
export class LruStore implements L1Store {
  readonly maxEntries: number;
  evictions = 0;
  readonly #cache: LRUCache<string, L1Entry>;

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
    this.#cache = new LRUCache({
      max: maxEntries,
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.evictions++;
      },
    });
  }

  get size(): number {
    return this.#cache.size;
  }

  get(key: string): L1Entry | undefined {
    return this.#cache.get(key);
  }

  peek(key: string): L1Entry | undefined {
    return this.#cache.peek(key);
  }

  set(key: string, entry: L1Entry): void {
    this.#cache.set(key, entry);
  }

  delete(key: string): void {
    this.#cache.delete(key);
  }

  clear(): void {
    this.#cache.clear();
  }
}
