import type { Load, LoadContext, Loaded } from '../cache.ts';
import { KEY_LENGTH, VALUE_TAGS } from '../core/limits.ts';
import { CacheError } from '../errors.ts';
import { freeze } from '../l1/freeze.ts';
import { Bulkhead } from './bulkhead.ts';

/** Loads that wait for each one that may run. */
const WAITING_PER_LOAD = 64;

/** What a load brought, in the shape that every tier will give back: encoded once, decoded from that, frozen. */
export interface LoadedValue {
  readonly value: unknown;
  readonly payload: string;
  readonly tags: readonly string[];
  readonly ms: number;
  /** Local ms at which the loader was called. */
  readonly from: number;
}

/**
 * Runs loaders: behind the bulkhead, where they wait for the load limit at most, then within that limit. A load that overruns is answered as failed at the limit, but
 * keeps its place until it has ended: the wall bounds what the origin really does, not what callers still wait for.
 */
export class Loads {
  readonly #bulkhead: Bulkhead;
  readonly #limitMs: number;
  readonly #now: () => number;

  constructor(places: number, limitMs: number, now: () => number) {
    this.#bulkhead = new Bulkhead(places, places * WAITING_PER_LOAD, limitMs);
    this.#limitMs = limitMs;
    this.#now = now;
  }

  /** `starting` is called in the turn in which the loader is. */
  async run(key: string, load: Load<unknown>, starting: (now: number) => void): Promise<LoadedValue> {
    await this.#bulkhead.enter();
    const from = this.#now();
    starting(from);
    const abort = new AbortController();
    const context: LoadContext = { key, signal: abort.signal };
    const loading = Promise.resolve()
      .then(() => load(context))
      .finally(() => this.#bulkhead.leave());
    const loaded = await this.#within(key, loading, abort);
    return { ...encode(key, loaded), ms: this.#now() - from, from };
  }

  async #within<V>(key: string, loading: Promise<V>, abort: AbortController): Promise<V> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new CacheError('E_CACHE_LOAD_TIMEOUT', `${key} was not loaded within ${this.#limitMs} ms`);
        abort.abort(error);
        reject(error);
      }, this.#limitMs);
    });
    // After the limit the load's own failure has no listener left.
    loading.catch(() => undefined);
    try {
      return await Promise.race([loading, limit]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function encode(key: string, loaded: Loaded<unknown>): Pick<LoadedValue, 'value' | 'payload' | 'tags'> {
  const payload = JSON.stringify(loaded.value);
  const tags = loaded.tags ?? [];
  if (payload === undefined) {
    throw new CacheError(
      'E_CACHE_LIMIT',
      `the loader of ${key} returned what JSON cannot express; return null for "nothing"`,
    );
  }
  if (tags.length > VALUE_TAGS) {
    throw new CacheError(
      'E_CACHE_LIMIT',
      `the loader of ${key} returned ${tags.length} tags, at most ${VALUE_TAGS} are kept`,
    );
  }
  for (const tag of tags) {
    // A mutation cannot name such a tag, so nothing could ever invalidate what carries it.
    if (typeof tag !== 'string' || tag.length === 0 || tag.length > KEY_LENGTH || !tag.isWellFormed()) {
      throw new CacheError(
        'E_CACHE_LIMIT',
        `the loader of ${key} returned a tag that is not text of 1 to ${KEY_LENGTH}`,
      );
    }
  }
  return { value: freeze(JSON.parse(payload) as unknown), payload, tags };
}
