import type { Load, ReadResult, Stamp, Tier } from './cache.ts';
import { PAYLOAD_LENGTH } from './core/limits.ts';
import type { Lease, Read, ReadEffect, ReadOutcome } from './core/read.ts';
import type { GetReply, Sent } from './core/replies.ts';
import type { StoredValue } from './core/stored.ts';
import type { Engine, Unit } from './engine.ts';
import { CacheError } from './errors.ts';
import { freezeParsed } from './l1/freeze.ts';
import type { L1Entry } from './l1/store.ts';
import type { LoadedValue } from './origin/loads.ts';
import type { Watch } from './origin/notices.ts';
import type { Answer, GetCaller } from './requests.ts';
import { publish } from './telemetry.ts';
import type { UncachedLoads } from './uncached-loads.ts';

/** A waiter looks by itself this often, in case the notice was lost with the bus, ms. */
const WAIT_POLL_MS = 200;
/** Part of a TTL that is left to chance, so that what was filled together does not expire together. */
const TTL_JITTER = 0.1;

/** What a finished read below L1 gives to its caller and to whoever joined it. */
export interface Settled {
  readonly value: unknown;
  readonly tier: Tier;
  readonly stamp: Stamp;
  readonly provedAt: number;
  readonly unproven: boolean;
  readonly loadedAt: number;
  readonly loadMs: number | null;
  readonly joined: boolean;
}

/** One caller who waits for a read below L1. */
export interface Caller {
  readonly unit: Unit;
  readonly boundMs: number;
  /** What proves the answer for a caller who has joined; null for who caused the flight. */
  readonly joinedAt: number | null;
  readonly resolve: (result: ReadResult<unknown> | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Whom a flight tells once it has ended, and its read is shut. */
export interface Landing {
  /** `settled` is undefined for a key of `set` that is not there. */
  landed(flight: Flight, settled: Settled | undefined): void;
  failed(flight: Flight, error: unknown): void;
}

/** One read below L1: performs the effects of its `Read` machine until there is an answer, and stores it in L1 on the way. */
export class Flight implements GetCaller {
  readonly #engine: Engine;
  readonly #uncached: UncachedLoads;
  readonly #unit: Unit;
  readonly read: Read;
  /** Null for keys that have no origin. */
  readonly #load: Load<unknown> | null;
  readonly #landing: Landing;
  /** Who caused the flight. */
  readonly caller: Caller;
  /** Who waits for the same answer; null as long as nobody does. */
  joined: Caller[] | null = null;
  #watch: Watch | undefined;
  #loaded: LoadedValue | undefined;

  constructor(
    engine: Engine,
    uncached: UncachedLoads,
    unit: Unit,
    read: Read,
    load: Load<unknown> | null,
    landing: Landing,
    caller: Caller,
  ) {
    this.#engine = engine;
    this.#uncached = uncached;
    this.#unit = unit;
    this.read = read;
    this.#load = load;
    this.#landing = landing;
    this.caller = caller;
  }

  join(caller: Caller): void {
    if (this.joined === null) this.joined = [caller];
    else this.joined.push(caller);
  }

  fly(now: number): void {
    try {
      const effect = this.read.start(now);
      if (effect.do === 'get') this.#unit.requests.get(this.read.key, this);
      else this.#goOn(effect);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The answer to the GET that a read begins with, which is nearly always its end: no promise is made on the way, and no
   * turn of the microtasks taken.
   */
  got(sent: Sent, reply: GetReply): void {
    try {
      const now = this.#engine.time.now();
      const effect = this.read.got(sent, reply, now);
      const settled = effect.do === 'return' ? this.#settled(effect.outcome, now) : undefined;
      if (settled !== undefined) this.#land(settled);
      else this.#goOn(effect.do === 'return' ? this.read.undecodable() : effect);
    } catch (error) {
      this.#fail(error);
    }
  }

  #goOn(effect: ReadEffect): void {
    this.#run(effect).then(
      (settled) => this.#land(settled),
      (error: unknown) => this.#fail(error),
    );
  }

  #land(settled: Settled | undefined): void {
    this.#end();
    this.#landing.landed(this, settled);
  }

  #fail(error: unknown): void {
    this.#end();
    this.#landing.failed(this, error);
  }

  #end(): void {
    this.#watch?.close();
    this.#unit.partition.shut(this.read);
  }

  async #run(first: ReadEffect): Promise<Settled | undefined> {
    const { read } = this;
    let effect = first;
    for (;;) {
      switch (effect.do) {
        case 'return': {
          const settled = this.#settled(effect.outcome, this.#engine.time.now());
          if (settled !== undefined) return settled;
          effect = read.undecodable();
          break;
        }
        case 'hit':
          return this.#hit(effect.entry);
        case 'absent':
          return undefined;
        case 'unproven':
          throw new CacheError('E_CACHE_UNPROVEN', `nothing proves ${read.key} now: try again in a moment`);
        case 'fail':
          throw this.#load === null ? unreachable(effect.error) : effect.error;
        case 'load':
          if (!effect.leased) return await this.#uncached.run(this.#unit, read, this.#load as Load<unknown>);
          effect = await this.#loadLeased();
          break;
        default:
          effect = await this.#perform(effect);
      }
    }
  }

  /** The steps that ask Redis for something, or wait. */
  async #perform(
    effect: Extract<ReadEffect, { do: 'get' | 'read' | 'catchUp' | 'lease' | 'wait' | 'fill' | 'release' | 'clock' }>,
  ): Promise<ReadEffect> {
    const { time, notices, counters, beatNow } = this.#engine;
    const { requests } = this.#unit;
    const { read } = this;
    switch (effect.do) {
      case 'get': {
        const { sent, reply } = await new Promise<Answer<GetReply>>((resolve) => {
          requests.get(read.key, { got: (sent, reply) => resolve({ sent, reply }) });
        });
        return read.got(sent, reply, time.now());
      }
      case 'read': {
        const { sent, reply } = await requests.read(read.key);
        return read.readBack(sent, reply, time.now());
      }
      case 'catchUp':
        await beatNow();
        return read.caughtUp(time.now());
      case 'lease': {
        // Open before the request: the notice may overtake the denial.
        this.#watch ??= notices.open(read.key);
        const { sent, reply } = await requests.lease(read.key, effect.token);
        return read.leased(sent, effect.token, reply, time.now());
      }
      case 'wait':
        counters.leaseWaits++;
        await this.#watch?.wait(Math.min(effect.maxMs, WAIT_POLL_MS));
        return read.woken(time.now());
      case 'fill':
        return this.#fill(effect.lease, this.#loaded as LoadedValue);
      case 'release':
        await requests.release(read.key, effect.lease);
        notices.wake(read.key);
        return read.released(effect.error);
      case 'clock': {
        const { sent, reply } = await requests.clock();
        return read.clocked(sent, reply);
      }
    }
  }

  async #loadLeased(): Promise<ReadEffect> {
    const { read } = this;
    try {
      const load = this.#load as Load<unknown>;
      this.#loaded = await this.#engine.loads.run(read.key, load, (at) => read.loading(at));
    } catch (error) {
      return read.loadFailed(error ?? new Error(`the loader of ${read.key} failed without a reason`));
    }
    return read.loaded(this.#loaded.payload.length <= PAYLOAD_LENGTH);
  }

  async #fill(lease: Lease, loaded: LoadedValue): Promise<ReadEffect> {
    const { counters, time, notices, settings } = this.#engine;
    const { read } = this;
    const ttlMs = this.#jitter(settings.l2TtlMs);
    const ageMs = Math.ceil(time.now() - loaded.from);
    const { tags, payload, value, from: loadedAt } = loaded;
    const { sent, reply } = await this.#unit.requests.fill(read.key, lease, ttlMs, ageMs, tags, payload);
    if (reply.is === 'stored') {
      const expiresAt = Math.min(sent.at + ttlMs, time.now() + this.#jitter(settings.l1TtlMs));
      const stamp = { partition: this.#unit.partition.index, epoch: lease.epoch, clock: lease.f };
      this.#store({ value, f: lease.f, tags, loadedAt, expiresAt, stamp }, time.now());
      notices.wake(read.key);
    } else {
      counters.fillsRefused++;
    }
    publish('load', () => ({ cache: settings.name, key: read.key, ms: loaded.ms, cached: reply.is === 'stored' }));
    return read.filled(sent, lease, reply);
  }

  #hit(entry: L1Entry): Settled {
    const { value, stamp, loadedAt } = entry;
    const provedAt = this.#unit.partition.proofs.at;
    return { value, tier: 'L1', stamp, provedAt, unproven: false, loadedAt, loadMs: null, joined: false };
  }

  /** Undefined if what is stored cannot be decoded: somebody else's words, or another release's. */
  #settled(outcome: ReadOutcome, now: number): Settled | undefined {
    if (outcome.stored !== null) return this.#fromL2(outcome, outcome.stored, now);
    const { value, from: loadedAt, ms: loadMs } = this.#loaded as LoadedValue;
    const { tier, stamp, provedAt, unproven } = outcome;
    return { value, tier, stamp, provedAt, unproven, loadedAt, loadMs, joined: false };
  }

  #fromL2(outcome: ReadOutcome, stored: StoredValue, now: number): Settled | undefined {
    const { settings } = this.#engine;
    let value: unknown;
    try {
      value = freezeParsed(JSON.parse(stored.payload) as unknown);
    } catch (error) {
      publish('error', () => ({ cache: settings.name, what: `decoding ${this.read.key}`, error: error as Error }));
      return undefined;
    }
    const redisNow = this.#unit.partition.redisNow(now);
    const loadedAt = now - Math.max(0, (redisNow ?? stored.loadedAt) - stored.loadedAt);
    // What nothing proves is given to who asks for it, and to nobody else.
    if (redisNow !== undefined && !outcome.unproven) {
      const expiresAt = now + Math.min(stored.expiresAt - redisNow, this.#jitter(settings.l1TtlMs));
      this.#store({ value, f: stored.f, tags: stored.tags, loadedAt, expiresAt, stamp: outcome.stamp }, now);
    }
    const { tier, stamp, provedAt, unproven } = outcome;
    return { value, tier, stamp, provedAt, unproven, loadedAt, loadMs: null, joined: false };
  }

  #store(entry: L1Entry, now: number): void {
    this.#unit.partition.store(this.read, entry, now);
  }

  #jitter(ms: number): number {
    return Math.max(1, Math.round(ms * (1 - TTL_JITTER * this.#engine.random())));
  }
}

/** Of a key whose home is the cache nothing can be told without Redis. */
function unreachable(cause: unknown): CacheError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CacheError('E_CACHE_UNREACHABLE', `this key lives in Redis alone, which cannot be asked: ${why}`, {
    cause,
  });
}
