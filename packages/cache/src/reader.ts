import type { Load, ReadResult, Stamp, Tier } from './cache.ts';
import { PAYLOAD_LENGTH, READS_IN_FLIGHT } from './core/limits.ts';
import { type Lease, Read, type ReadEffect, type ReadOutcome } from './core/read.ts';
import type { StoredValue } from './core/stored.ts';
import { countRead } from './counters.ts';
import type { Engine } from './engine.ts';
import { CacheError } from './errors.ts';
import { freeze } from './l1/freeze.ts';
import type { L1Entry } from './l1/store.ts';
import type { LoadedValue } from './origin/loads.ts';
import type { Watch } from './origin/notices.ts';
import type { ReadCall } from './read-call.ts';
import { publish } from './telemetry.ts';

/** A waiter looks by itself this often, in case the notice was lost with the bus, ms. */
const WAIT_POLL_MS = 200;
/** Part of a TTL that is left to chance, so that what was filled together does not expire together. */
const TTL_JITTER = 0.1;

/** What a finished read below L1 gives to its caller and to whoever joined it. */
interface Settled {
  readonly value: unknown;
  readonly tier: Tier;
  readonly stamp: Stamp;
  readonly provedAt: number;
  readonly loadedAt: number;
  readonly loadMs: number | null;
  readonly joined: boolean;
}

/** Performs reads below L1: joins equal ones, drives the `Read` machine, shares uncached loads, stores in L1. */
export class Reader {
  readonly #engine: Engine;
  /** The newest read in flight of each key: the one that may be joined. */
  readonly #newest = new Map<string, { readonly read: Read; readonly settled: Promise<Settled> }>();
  /** Uncached loads whose query has not been sent: whoever arrives now may share them. */
  readonly #gathering = new Map<string, Promise<Settled>>();
  /** The uncached load of each key that is running: the next gathering waits for it, so that a key has one at a time. */
  readonly #running = new Map<string, Promise<unknown>>();
  #inFlight = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async get<V>(key: string, load: Load<V>, call: ReadCall): Promise<ReadResult<V>> {
    const { counters } = this.#engine;
    try {
      const settled = await this.#bounded(() => this.#settle(key, load, call));
      countRead(counters, settled.tier, settled.joined);
      return this.#result<V>(settled, call.boundMs);
    } catch (error) {
      counters.gets++;
      counters.failures++;
      if (error instanceof CacheError && error.code === 'E_CACHE_OVERLOADED') counters.shed++;
      throw error;
    }
  }

  /** Those who join count as well: each is a caller that waits. */
  async #bounded(read: () => Promise<Settled>): Promise<Settled> {
    if (this.#inFlight >= READS_IN_FLIGHT) {
      throw new CacheError('E_CACHE_OVERLOADED', `${READS_IN_FLIGHT} reads are in flight: try again in a moment`);
    }
    this.#inFlight++;
    try {
      return await read();
    } finally {
      this.#inFlight--;
    }
  }

  async #settle(key: string, load: Load<unknown>, call: ReadCall): Promise<Settled> {
    const { partition, now } = this.#engine;
    const newest = this.#newest.get(key);
    const joins = call.level === 'bounded' && !call.bypass && newest?.read.joinable() === true;
    if (joins && partition.trusted(now(), call.boundMs)) {
      // What proves the answer for this reader is what let it join: the value may have been loading for longer than S.
      const { confirmedAt } = partition;
      const settled = await newest.settled;
      return { ...settled, provedAt: Math.max(settled.provedAt, confirmedAt), joined: true };
    }
    const { nonce, settings } = this.#engine;
    const read = new Read(partition, { key, ...call, loadLimitMs: settings.loadLimitMs, nonce });
    const flight = { read, settled: this.#fly(read, load) };
    this.#newest.set(key, flight);
    try {
      return await flight.settled;
    } finally {
      partition.shut(read);
      if (this.#newest.get(key) === flight) this.#newest.delete(key);
    }
  }

  async #fly(read: Read, load: Load<unknown>): Promise<Settled> {
    const { commands, now, notices, counters } = this.#engine;
    const { key } = read;
    let watch: Watch | undefined;
    let loaded: LoadedValue | undefined;
    let effect = read.start(now());
    try {
      for (;;) {
        switch (effect.do) {
          case 'get': {
            const { sent, reply } = await commands.get(key);
            effect = read.got(sent, reply, now());
            break;
          }
          case 'read': {
            const { sent, reply } = await commands.read(key);
            effect = read.readBack(sent, reply, now());
            break;
          }
          case 'lease': {
            watch ??= notices.open(key);
            const { sent, reply } = await commands.lease(key, effect.token);
            effect = read.leased(sent, effect.token, reply, now());
            break;
          }
          case 'wait':
            counters.leaseWaits++;
            await watch?.wait(Math.min(effect.maxMs, WAIT_POLL_MS));
            effect = read.woken(now());
            break;
          case 'load': {
            if (!effect.leased) return await this.#flyUncached(read, load);
            const outcome = await this.#load(read, load);
            if ('error' in outcome) effect = read.loadFailed(outcome.error);
            else {
              loaded = outcome;
              effect = read.loaded(loaded.payload.length <= PAYLOAD_LENGTH);
            }
            break;
          }
          case 'return': {
            const { stored } = effect.outcome;
            if (stored === null) return this.#fromLoad(effect.outcome, loaded);
            const settled = this.#fromL2(read, effect.outcome, stored);
            if (settled !== undefined) return settled;
            effect = read.undecodable();
            break;
          }
          default:
            effect = await this.#finish(read, effect, loaded);
        }
      }
    } finally {
      watch?.close();
    }
  }

  /** The steps after a load. */
  async #finish(
    read: Read,
    effect: Extract<ReadEffect, { do: 'fill' | 'release' | 'clock' | 'fail' }>,
    loaded: LoadedValue | undefined,
  ): Promise<ReadEffect> {
    const { commands } = this.#engine;
    switch (effect.do) {
      case 'fill':
        return this.#fill(read, effect.lease, loaded as LoadedValue);
      case 'release': {
        await commands.release(read.key, effect.lease);
        this.#engine.notices.wake(read.key);
        return read.released(effect.error);
      }
      case 'clock': {
        const { sent, reply } = await commands.clock();
        return read.clocked(sent, reply);
      }
      case 'fail':
        throw effect.error;
    }
  }

  async #fill(read: Read, lease: Lease, loaded: LoadedValue): Promise<ReadEffect> {
    const { commands, counters, now, notices, settings } = this.#engine;
    const ttlMs = this.#jitter(settings.l2TtlMs);
    const ageMs = Math.ceil(now() - loaded.from);
    const { sent, reply } = await commands.fill(read.key, lease, ttlMs, ageMs, loaded.tags, loaded.payload);
    if (reply.is === 'stored') {
      const expiresAt = Math.min(sent.at + ttlMs, now() + this.#jitter(settings.l1TtlMs));
      const stamp = { partition: this.#engine.partition.index, epoch: lease.epoch, clock: lease.f };
      this.#store(read, {
        value: loaded.value,
        f: lease.f,
        tags: loaded.tags,
        loadedAt: loaded.from,
        expiresAt,
        stamp,
      });
      notices.wake(read.key);
    } else {
      counters.fillsRefused++;
    }
    publish('load', () => ({ cache: settings.name, key: read.key, ms: loaded.ms, cached: reply.is === 'stored' }));
    return read.filled(sent, lease, reply);
  }

  /**
   * An uncached load, shared by every reader of the key that arrives before its query is sent, whatever its level: the
   * query's snapshot is newer than their arrival. One key has one running and one gathering, so that a thousand readers
   * of a key that cannot be cached now cost the origin two loads at a time.
   */
  async #flyUncached(read: Read, load: Load<unknown>): Promise<Settled> {
    const { key } = read;
    const open = this.#gathering.get(key);
    if (open !== undefined) return { ...(await open), joined: true };
    const shared = Promise.withResolvers<Settled>();
    shared.promise.catch(() => undefined);
    this.#gathering.set(key, shared.promise);
    try {
      await this.#running.get(key)?.catch(() => undefined);
      const running = this.#load(read, load, () => this.#gathering.delete(key));
      this.#running.set(key, running);
      const outcome = await running;
      if (this.#running.get(key) === running) this.#running.delete(key);
      if ('error' in outcome) throw outcome.error;
      let effect = read.loaded(false);
      while (effect.do !== 'return') {
        effect = await this.#finish(read, effect as Extract<ReadEffect, { do: 'clock' | 'fail' }>, outcome);
      }
      const settled = this.#fromLoad(effect.outcome, outcome);
      shared.resolve(settled);
      return settled;
    } catch (error) {
      if (this.#gathering.get(key) === shared.promise) this.#gathering.delete(key);
      shared.reject(error);
      throw error;
    }
  }

  async #load(read: Read, load: Load<unknown>, sealed?: () => void): Promise<LoadedValue | { error: unknown }> {
    try {
      return await this.#engine.loads.run(read.key, load, (at) => {
        sealed?.();
        read.loading(at);
      });
    } catch (error) {
      return { error: error ?? new Error(`the loader of ${read.key} failed without a reason`) };
    }
  }

  #fromLoad(outcome: ReadOutcome, loaded: LoadedValue | undefined): Settled {
    const { value, from, ms } = loaded as LoadedValue;
    return { ...outcome, value, loadedAt: from, loadMs: ms, joined: false };
  }

  /** Undefined if what is stored cannot be decoded: somebody else's words, or another release's. */
  #fromL2(read: Read, outcome: ReadOutcome, stored: StoredValue): Settled | undefined {
    const { partition, now, settings } = this.#engine;
    let value: unknown;
    try {
      value = freeze(JSON.parse(stored.payload) as unknown);
    } catch (error) {
      publish('error', () => ({ cache: settings.name, what: `decoding ${read.key}`, error: error as Error }));
      return undefined;
    }
    const at = now();
    const redisNow = partition.redisNow(at);
    const loadedAt = at - Math.max(0, (redisNow ?? stored.loadedAt) - stored.loadedAt);
    if (redisNow !== undefined) {
      const expiresAt = at + Math.min(stored.expiresAt - redisNow, this.#jitter(settings.l1TtlMs));
      this.#store(read, { value, f: stored.f, tags: stored.tags, loadedAt, expiresAt, stamp: outcome.stamp });
    }
    return { ...outcome, value, loadedAt, loadMs: null, joined: false };
  }

  #store(read: Read, entry: L1Entry): void {
    this.#engine.partition.store(read, entry, this.#engine.now());
  }

  #jitter(ms: number): number {
    return Math.max(1, Math.round(ms * (1 - TTL_JITTER * this.#engine.random())));
  }

  #result<V>(settled: Settled, boundMs: number): ReadResult<V> {
    const now = this.#engine.now();
    return {
      value: settled.value as V,
      tier: settled.tier,
      joined: settled.joined,
      ageMs: now - settled.loadedAt,
      proofAgeMs: now - settled.provedAt,
      boundMs,
      unproven: false,
      stamp: settled.stamp,
      loadMs: settled.loadMs,
    };
  }
}
