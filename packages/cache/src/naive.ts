/**
 * The textbook cache, for comparison: node-cache in front of Redis, TTLs on both, on a write DEL and PUBLISH. It is
 * what one writes in an afternoon, and in a quiet system it works. It keeps no promise but its TTLs, because:
 *
 * 1. Late fill. 1: replica A misses and loads v1. 2: B commits v2, DELs, publishes; A applies the message, there is
 *    nothing to drop. 3: A stores v1 in L2 and L1. Every replica now fills v1 from L2 until the TTLs end. No fault is
 *    needed.
 * 2. Late fill of L1. 1: A's GET finds v1 in L2. 2: B commits v2 and DELs; the message reaches A before the reply to
 *    its GET, as they travel on two connections. 3: A stores v1 in L1: it alone is stale.
 * 3. Lost message. 1: A's subscription breaks. 2: B commits v2, DELs, publishes; nobody is there to hear it. 3:
 *    ioredis subscribes again a moment later. A keeps v1 in L1, and nothing tells it that it missed something.
 * 4. Deaf subscriber. As 3, on a link that forwards nothing and never closes: PUBLISH still counts A, A still
 *    believes that it is subscribed, and every later message is missed as well.
 * 5. Redis gone. 1: B commits v2; DEL and PUBLISH fail; the write has happened and is acknowledged. 2: Redis comes
 *    back with v1 in L2. Meanwhile each replica has filled its own L1 from the origin, and nobody can tell it of any
 *    write.
 * 6. Writer gone. 1: B commits v2. 2: B dies before DEL. v1 stays everywhere.
 * 7. Unknown commit. 1: B's commit times out. 2: B DELs to be safe. 3: A loads v1 and stores it. 4: the commit
 *    succeeds after all. v1 stays.
 * 8. Old load joined. 1: a read on A loads v1. 2: A itself commits v2 and answers its client. 3: that client reads
 *    again on A, joins the load of 1 and gets v1: it does not see its own write.
 * 9. Two truths. 1: B commits v2. 2: A misses and serves v2. 3: C still serves v1 until the message arrives: a client
 *    that hops from A to C goes back in time, before the write is even acknowledged.
 * 10. Late member. 1: B reads the members of a tag. 2: A fills a key with that tag. 3: B deletes those that it has
 *    read.
 * 11. TTLs add up: what has lain in L2 for its whole TTL is filled into L1 for another. The only bound is their sum,
 *    and by 1 it counts from the end of a load, not from the write.
 */
import { performance } from 'node:perf_hooks';
import type {
  Cache,
  CacheStatus,
  Commit,
  Counters,
  Load,
  Mutation,
  Peeked,
  ReadOptions,
  ReadResult,
  SetOptions,
  WriteResult,
} from './cache.ts';
import { countRead, newCounters } from './counters.ts';
import { CacheError, CommitAborted } from './errors.ts';
import { LruStore } from './l1/lru.ts';
import { NodeCacheStore } from './l1/node-cache.ts';
import type { L1Store } from './l1/store.ts';
import { NAIVE_STAMP, type NaiveRead, NaiveReader } from './naive-reader.ts';
import { NaiveRedis } from './naive-redis.ts';
import { checkName } from './names.ts';
import { type CacheOptions, checkOptions, type Settings } from './options.ts';
import { encode } from './origin/encode.ts';
import { publish } from './telemetry.ts';

const COMMAND_TIMEOUT_MS = 500;

/** Says nothing; to a guarded cache it counts as foreign. */
const TOKEN = 'naive';

/**
 * The textbook cache behind the same contract: coherent in the happy case, and stale for as long as its TTLs when one
 * of the races above happens. `session` is served as `bounded`; `strong` and `bypass` go to the origin; bounds are
 * ignored. A Redis that never answers holds each command up for `commandTimeoutMs`.
 */
export function createNaiveCache(options: CacheOptions, commandTimeoutMs = COMMAND_TIMEOUT_MS): Cache {
  return new NaiveCache(checkOptions(options), commandTimeoutMs);
}

class NaiveCache implements Cache {
  readonly #settings: Settings;
  readonly #l1: L1Store;
  readonly #redis: NaiveRedis;
  readonly #reader: NaiveReader;
  readonly #counters: Counters = newCounters();
  readonly #ready = Promise.withResolvers<void>();
  readonly #boundMs: number;
  #isReady = false;
  #closed = false;

  constructor(settings: Settings, commandTimeoutMs: number) {
    this.#settings = settings;
    this.#l1 = new (settings.l1 === 'lru' ? LruStore : NodeCacheStore)(settings.l1MaxEntries);
    this.#boundMs = settings.l1TtlMs + settings.l2TtlMs;
    this.#redis = new NaiveRedis(
      { ...settings, tagTtlMs: this.#boundMs, commandTimeoutMs },
      {
        invalidated: (keys) => this.#drop(keys, 'bus'),
        ready: () => {
          this.#isReady = true;
          this.#ready.resolve();
        },
        failed: (what, error) => this.#failed(what, error),
      },
    );
    this.#reader = new NaiveReader(settings, this.#l1, this.#redis, (what, error) => this.#failed(what, error));
  }

  hit<V>(key: string, options: ReadOptions = {}): ReadResult<V> | undefined {
    if (options.bypass || options.level === 'strong') return undefined;
    const entry = this.#l1.get(key);
    if (entry === undefined || entry.expiresAt <= performance.now()) return undefined;
    return this.#answer<V>({ ...entry, tier: 'L1', loadMs: null, joined: false });
  }

  async get<V>(key: string, load: Load<V>, options: ReadOptions = {}): Promise<ReadResult<V>> {
    this.#open();
    checkName('key', key);
    const hit = this.hit<V>(key, options);
    if (hit !== undefined) return hit;
    try {
      const direct = options.bypass || options.level === 'strong';
      return this.#answer<V>(await (direct ? this.#reader.bypass(key, load) : this.#reader.read(key, load)));
    } catch (error) {
      this.#counters.gets++;
      this.#counters.failures++;
      if (error instanceof CacheError && error.code === 'E_CACHE_OVERLOADED') this.#counters.shed++;
      throw error;
    }
  }

  async mutate<T>(mutation: Mutation, commit: Commit<T>): Promise<WriteResult<T>> {
    this.#open();
    checkNames(mutation);
    const tags = new Set(mutation.tags);
    try {
      const result = await commit({
        limitMs: this.#settings.commitLimitMs,
        opened: () => undefined,
        transaction: () => undefined,
        tag: (...more) => {
          checkNames({ keys: [], tags: more });
          for (const tag of more) tags.add(tag);
        },
      });
      await this.#invalidate(mutation.keys, [...tags]).catch((error) => this.#failed('invalidating', error));
      this.#counters.writes++;
      return { result, stamps: [NAIVE_STAMP] };
    } catch (error) {
      if (error instanceof CommitAborted) {
        this.#counters.writeFailures++;
        throw error;
      }
      this.#counters.writesUnknown++;
      await this.#invalidate(mutation.keys, [...tags]).catch((cause) => this.#failed('invalidating', cause));
      throw new CacheError('E_CACHE_OUTCOME_UNKNOWN', 'the origin did not say whether it committed: ask it again', {
        cause: error,
      });
    }
  }

  async invalidate(mutation: Mutation): Promise<WriteResult<void>> {
    this.#open();
    checkNames(mutation);
    try {
      await this.#invalidate(mutation.keys, mutation.tags ?? []);
    } catch (cause) {
      this.#counters.writeFailures++;
      throw new CacheError('E_CACHE_UNREACHABLE', 'Redis did not take the invalidation: try again', { cause });
    }
    this.#counters.writes++;
    return { result: undefined, stamps: [NAIVE_STAMP] };
  }

  async set<V>(key: string, value: V, { tags = [] }: SetOptions = {}): Promise<WriteResult<void>> {
    this.#open();
    checkNames({ keys: [key], tags });
    const stored = { value: encode(key, { value, tags }).value, tags, loadedAt: Date.now() };
    await this.invalidate({ keys: [key] });
    await this.#redis.set(key, stored);
    return { result: undefined, stamps: [NAIVE_STAMP] };
  }

  async find<V>(key: string): Promise<ReadResult<V> | undefined> {
    this.#open();
    checkName('key', key);
    const read = this.hit<V>(key);
    if (read !== undefined) return read;
    const found = await this.#reader.find(key);
    return found && this.#answer<V>(found);
  }

  issue(): string {
    return TOKEN;
  }

  async peek(key: string): Promise<Peeked> {
    this.#open();
    const now = performance.now();
    const entry = this.#l1.peek(key);
    const l1 =
      entry === undefined || entry.expiresAt <= now
        ? null
        : { value: entry.value, clock: 0, ageMs: now - entry.loadedAt, expiresInMs: entry.expiresAt - now };
    const found = await this.#redis.peek(key).catch(() => undefined);
    const l2 =
      found === undefined
        ? null
        : ({ state: 'value', value: found.stored.value, clock: 0, expiresInMs: found.expiresInMs } as const);
    return { key, l1, l2 };
  }

  flushL1(): void {
    this.#l1.clear();
    this.#counters.flushes++;
    publish('flush', () => ({ cache: this.#settings.name, partition: 0, cause: 'asked' }));
  }

  status(): CacheStatus {
    this.#counters.evictions = this.#l1.evictions;
    return {
      // It never notices that it has lost touch, so it is never parked.
      state: this.#isReady ? 'ready' : 'starting',
      partitions: [],
      trust: { state: 'none', ageMs: null, boundMs: this.#boundMs },
      l1: { entries: this.#l1.size, maxEntries: this.#l1.maxEntries },
      counters: { ...this.#counters },
    };
  }

  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const aborted = () => reject(signal?.reason);
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      await Promise.race([this.#ready.promise, promise]);
    } finally {
      signal?.removeEventListener('abort', aborted);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#redis.close();
  }

  async #invalidate(keys: readonly string[], tags: readonly string[]): Promise<void> {
    try {
      const all = [...new Set([...keys, ...(await this.#redis.tagged(tags))])];
      await this.#redis.invalidate(all);
      this.#drop(all, 'own');
    } finally {
      // Whatever became of Redis, this process knows better.
      for (const key of keys) this.#l1.delete(key);
    }
  }

  #drop(keys: readonly string[], via: 'bus' | 'own'): void {
    for (const key of keys) this.#l1.delete(key);
    this.#counters.invalidationsApplied++;
    const entry = { clock: 0, keys, tags: [], at: 0 };
    publish('applied', () => ({ cache: this.#settings.name, partition: 0, entry, via, lagMs: null }));
  }

  #answer<V>(read: NaiveRead): ReadResult<V> {
    countRead(this.#counters, read.tier, read.joined);
    return {
      value: read.value as V,
      tier: read.tier,
      joined: read.joined,
      ageMs: performance.now() - read.loadedAt,
      proofAgeMs: 0,
      boundMs: this.#boundMs,
      unproven: true,
      stamp: NAIVE_STAMP,
      proof: NAIVE_STAMP,
      loadMs: read.loadMs,
    };
  }

  #open(): void {
    if (this.#closed) throw new CacheError('E_CACHE_CLOSED', 'the cache was closed');
  }

  #failed(what: string, error: unknown): void {
    const problem = error instanceof Error ? error : new Error(String(error));
    publish('error', () => ({ cache: this.#settings.name, what, error: problem }));
  }
}

function checkNames({ keys, tags = [] }: Mutation): void {
  for (const key of keys) checkName('key', key);
  for (const tag of tags) checkName('tag', tag);
}
