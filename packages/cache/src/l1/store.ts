import type { Stamp } from '../cache.ts';

/** One value in L1. Decoded, shared and frozen: readers get the very same object. */
export interface L1Entry {
  readonly value: unknown;
  /** The clock of the lease under which it was loaded. */
  readonly f: number;
  readonly tags: readonly string[];
  /** Local ms. */
  readonly loadedAt: number;
  readonly expiresAt: number;
  readonly stamp: Stamp;
}

/**
 * The port to a store behind L1. A store holds at most `maxEntries`, makes room by itself and never throws on a
 * valid key. It knows nothing of time: whether an entry may be served is decided by its reader.
 */
export interface L1Store {
  readonly maxEntries: number;
  readonly size: number;
  /** Entries that made room for others since the start. */
  readonly evictions: number;
  /** For a reader: notes the use. */
  get(key: string): L1Entry | undefined;
  /** For an observer: notes nothing. */
  peek(key: string): L1Entry | undefined;
  set(key: string, entry: L1Entry): void;
  delete(key: string): void;
  clear(): void;
}
