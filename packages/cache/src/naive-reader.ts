import { performance } from 'node:perf_hooks';
import type { Load, Stamp, Tier } from './cache.ts';
import { PAYLOAD_LENGTH, READS_IN_FLIGHT } from './core/limits.ts';
import { CacheError } from './errors.ts';
import { freeze } from './l1/freeze.ts';
import type { L1Store } from './l1/store.ts';
import type { NaiveRedis } from './naive-redis.ts';
import type { Settings } from './options.ts';
import { Loads } from './origin/loads.ts';
import { publish } from './telemetry.ts';

/** It has no clock, so every answer is of an unknown point in history. */
export const NAIVE_STAMP: Stamp = Object.freeze({ partition: 0, epoch: null, clock: 0 });

/** What a read gives to its caller and to whoever joined it. */
export interface NaiveRead {
  readonly value: unknown;
  readonly tier: Tier;
  /** Local ms. */
  readonly loadedAt: number;
  readonly loadMs: number | null;
  readonly joined: boolean;
}

/** The textbook's read path below L1: join an equal read, GET, load, SET; naive.ts says what can go wrong with it. */
export class NaiveReader {
  readonly #settings: Settings;
  readonly #l1: L1Store;
  readonly #redis: NaiveRedis;
  readonly #loads: Loads;
  readonly #failed: (what: string, error: unknown) => void;
  readonly #inFlight = new Map<string, Promise<NaiveRead>>();

  constructor(settings: Settings, l1: L1Store, redis: NaiveRedis, failed: (what: string, error: unknown) => void) {
    this.#settings = settings;
    this.#l1 = l1;
    this.#redis = redis;
    this.#failed = failed;
    this.#loads = new Loads(settings.loads, settings.loadLimitMs);
  }

  /** Through the tiers, together with equal reads of this process. */
  async read(key: string, load: Load<unknown>): Promise<NaiveRead> {
    const same = this.#inFlight.get(key);
    if (same !== undefined) return { ...(await same), joined: true };
    if (this.#inFlight.size >= READS_IN_FLIGHT) {
      throw new CacheError('E_CACHE_OVERLOADED', `${READS_IN_FLIGHT} reads are in flight: try again in a moment`);
    }
    const flight = this.#lookUp(key, load).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, flight);
    return flight;
  }

  /** Straight from the origin, for this caller alone. */
  async bypass(key: string, load: Load<unknown>): Promise<NaiveRead> {
    return this.#load(key, load, false);
  }

  async #lookUp(key: string, load: Load<unknown>): Promise<NaiveRead> {
    return (await this.find(key)) ?? this.#load(key, load, true);
  }

  /** From L2 alone. */
  async find(key: string): Promise<NaiveRead | undefined> {
    const stored = await this.#redis.get(key).catch(() => undefined);
    if (stored === undefined) return undefined;
    const value = freeze(stored.value);
    const loadedAt = performance.now() - Math.max(0, Date.now() - stored.loadedAt);
    this.#store(key, value, stored.tags, loadedAt);
    return { value, tier: 'L2', loadedAt, loadMs: null, joined: false };
  }

  async #load(key: string, load: Load<unknown>, caching: boolean): Promise<NaiveRead> {
    const { value, payload, tags, ms, from } = await this.#loads.run(key, load, () => undefined);
    const cached = caching && payload.length <= PAYLOAD_LENGTH;
    if (cached) {
      const loadedAt = Date.now() - (performance.now() - from);
      await this.#redis.set(key, { value, tags, loadedAt }).catch((error) => this.#failed('SET', error));
      // Also when Redis is gone: L1 is then all that stands before the origin.
      this.#store(key, value, tags, from);
    }
    publish('load', () => ({ cache: this.#settings.name, key, ms, cached }));
    return { value, tier: cached ? 'ORIGIN' : 'BYPASS', loadedAt: from, loadMs: ms, joined: false };
  }

  #store(key: string, value: unknown, tags: readonly string[], loadedAt: number): void {
    const expiresAt = performance.now() + this.#settings.l1TtlMs;
    this.#l1.set(key, { value, f: 0, tags, loadedAt, expiresAt, stamp: NAIVE_STAMP });
  }
}
