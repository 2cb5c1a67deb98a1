import NodeCache from 'node-cache';
import type { L1Entry, L1Store } from './store.ts';

/** What node-cache holds. Nothing of it can be enumerated: node-cache counts what can, anew each time that it comes or goes. */
class Held {
  readonly #key: string;
  /** The key in node-cache. Kept, as an equal string that nobody has seen before is looked up more slowly. */
  readonly #name: string;
  readonly #entry: L1Entry;
  #used: boolean;

  constructor(key: string, name: string, entry: L1Entry, used: boolean) {
    this.#key = key;
    this.#name = name;
    this.#entry = entry;
    this.#used = used;
  }

  get key(): string {
    return this.#key;
  }

  get name(): string {
    return this.#name;
  }

  get entry(): L1Entry {
    return this.#entry;
  }

  get used(): boolean {
    return this.#used;
  }

  set used(used: boolean) {
    this.#used = used;
  }
}

/** node-cache keeps its keys in a plain object, where `constructor` is there from the start and `__proto__` never goes. */
const PREFIX = ':';

function nameOf(key: string): string {
  return key in Object.prototype || key.startsWith(PREFIX) ? PREFIX + key : key;
}

/**
 * L1 on node-cache, bounded by a second-chance queue.
 *
 * node-cache bounds nothing that can be used: its `maxKeys` throws, even when a present key is overwritten, and
 * nothing makes room. So the keys stand in a queue in order of arrival, each with a bit that a hit sets. Room is made
 * at the front: a key whose bit is set goes to the back without it, the first one without it goes for good. A hit costs
 * a bit, not a move, and a key that was read once during a scan does not push out what is read again and again.
 * (The clock, or second-chance, replacement of paging; Corbató, 1968.)
 */
export class NodeCacheStore implements L1Store {
  readonly maxEntries: number;
  evictions = 0;
  // Values are frozen, so clones would only cost; times are judged by the reader, so nothing expires here.
  readonly #cache = new NodeCache({ useClones: false, stdTTL: 0, checkperiod: 0, maxKeys: -1 });
  readonly #queue = new Map<string, Held>();

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  get size(): number {
    return this.#queue.size;
  }

  get(key: string): L1Entry | undefined {
    const queued = this.#queue.get(key);
    const held = queued && this.#cache.get<Held>(queued.name);
    if (held === undefined) return undefined;
    held.used = true;
    return held.entry;
  }

  peek(key: string): L1Entry | undefined {
    return this.#queue.get(key)?.entry;
  }

  set(key: string, entry: L1Entry): void {
    const before = this.#queue.get(key);
    if (before === undefined && this.#queue.size >= this.maxEntries) this.#makeRoom();
    const held = new Held(key, before?.name ?? nameOf(key), entry, before?.used ?? false);
    this.#queue.set(key, held);
    this.#cache.set(held.name, held);
  }

  delete(key: string): void {
    const held = this.#queue.get(key);
    if (held === undefined) return;
    this.#queue.delete(key);
    this.#cache.del(held.name);
  }

  clear(): void {
    this.#queue.clear();
    this.#cache.flushAll();
  }

  /** Ends after one round at most: a key that was passed over stands behind without its bit. */
  #makeRoom(): void {
    for (const held of this.#queue.values()) {
      this.#queue.delete(held.key);
      if (!held.used) {
        this.#cache.del(held.name);
        this.evictions++;
        return;
      }
      held.used = false;
      this.#queue.set(held.key, held);
    }
  }
}
