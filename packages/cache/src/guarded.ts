import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type {
  Cache,
  CacheState,
  CacheStatus,
  Commit,
  Load,
  Mutation,
  Peeked,
  ReadOptions,
  ReadResult,
  Stamp,
  WriteResult,
} from './cache.ts';
import { parseMessage } from './core/entry.ts';
import { type Observer, Partition } from './core/partition.ts';
import { formatToken, mergePart, parseToken, type TokenPart } from './core/token.ts';
import { newCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import { CacheError } from './errors.ts';
import { LruStore } from './l1/lru.ts';
import { NodeCacheStore } from './l1/node-cache.ts';
import { type CacheOptions, checkOptions, type Settings } from './options.ts';
import { Loads } from './origin/loads.ts';
import { Notices } from './origin/notices.ts';
import { peeked } from './peeked.ts';
import { Pulse } from './pulse.ts';
import { callOf } from './read-call.ts';
import { Reader } from './reader.ts';
import { Bus } from './redis/bus.ts';
import { Commands } from './redis/commands.ts';
import { Connection } from './redis/connection.ts';
import { partitionNames } from './redis/names.ts';
import { publish } from './telemetry.ts';
import { checkName, Writer } from './writer.ts';

/** A write mark lives longer than the commit it covers by this factor: MARK's own round trip must fit as well. */
const MARK_FACTOR = 1.5;
/** What the quarantine adds to the longest mark, ms (D is 0: one primary). */
const MARGIN_MS = 500;
/** How long `close` waits for invalidations that have not been confirmed, ms. */
const CLOSE_PATIENCE_MS = 500;

/**
 * The guarded cache: coherent within S across every replica of the namespace. It connects in the background; `ready`
 * tells when. Throws `OptionsError` at once if the options do not fit.
 */
export function createCache(options: CacheOptions): Cache {
  return new GuardedCache(checkOptions(options));
}

class GuardedCache implements Cache {
  readonly #engine: Engine;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #pulse: Pulse;
  readonly #connection: Connection;
  readonly #bus: Bus;
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  #closed = false;

  constructor(settings: Settings) {
    const names = partitionNames(settings.namespace, 0);
    const now = () => performance.now();
    const start = randomBytes(8).toString('hex');
    let sendings = 0;
    const nonce = () => start + (sendings++).toString(36);
    const markMs = Math.ceil(settings.commitLimitMs * MARK_FACTOR);
    const store = settings.l1 === 'lru' ? LruStore : NodeCacheStore;
    const notices = new Notices();
    const counters = newCounters();
    const beatNow = () => this.#pulse.now();
    const partition = new Partition({
      index: 0,
      stalenessMs: settings.stalenessMs,
      l1: new store(settings.l1MaxEntries),
      observer: this.#observer(settings, () => this.#engine),
    });
    const fail = (what: string) => (error: Error) => publish('error', () => ({ cache: settings.name, what, error }));
    this.#connection = new Connection(settings.redisUrl, `lockstep:${settings.name}:command`, settings.stalenessMs, {
      closed: () => partition.closed(),
      ready: beatNow,
      failed: fail('the command connection'),
    });
    this.#bus = new Bus(settings.busUrl, `lockstep:${settings.name}:bus`, names.bus, settings.stalenessMs, {
      message: (text) => this.#heard(text),
      subscribed: beatNow,
      failed: fail('the bus'),
    });
    const commands = new Commands(
      this.#connection,
      partition,
      names,
      {
        replica: settings.name,
        start,
        address: hostname(),
        markMs,
        l2TtlMs: settings.l2TtlMs,
        loadLimitMs: settings.loadLimitMs,
        beyondMarkMs: MARGIN_MS,
        rowAgeMs: settings.stalenessMs + markMs + MARGIN_MS,
      },
      now,
      nonce,
    );
    const loads = new Loads(settings.loads, settings.loadLimitMs, now);
    const random = Math.random;
    this.#engine = { settings, partition, commands, loads, notices, counters, now, random, nonce, markMs, beatNow };
    this.#reader = new Reader(this.#engine);
    this.#writer = new Writer(this.#engine);
    this.#pulse = new Pulse(this.#engine, () => this.#tellReady());
    this.#connection.connect();
    this.#bus.connect();
    this.#pulse.start();
  }

  hit<V>(key: string, options: ReadOptions = {}): ReadResult<V> | undefined {
    const { partition, settings, now, counters } = this.#engine;
    const call = callOf(settings, options);
    if (this.#closed) return undefined;
    if (call.level !== 'bounded' || call.bypass) return undefined;
    const at = now();
    const entry = partition.lookup(key, at, call.boundMs);
    if (entry === undefined) return undefined;
    counters.gets++;
    counters.l1Hits++;
    return {
      value: entry.value as V,
      tier: 'L1',
      joined: false,
      ageMs: at - entry.loadedAt,
      proofAgeMs: at - partition.confirmedAt,
      boundMs: call.boundMs,
      unproven: false,
      stamp: entry.stamp,
      loadMs: null,
    };
  }

  async get<V>(key: string, load: Load<V>, options: ReadOptions = {}): Promise<ReadResult<V>> {
    this.#open();
    checkName('key', key);
    return this.hit<V>(key, options) ?? this.#reader.get(key, load, callOf(this.#engine.settings, options));
  }

  async mutate<T>(mutation: Mutation, commit: Commit<T>): Promise<WriteResult<T>> {
    this.#open();
    return this.#writer.mutate(mutation, commit);
  }

  async invalidate(mutation: Mutation): Promise<WriteResult<void>> {
    this.#open();
    return this.#writer.invalidate(mutation);
  }

  issue(stamps: Stamp | readonly Stamp[], token?: string): string {
    const { partition, now, settings, markMs } = this.#engine;
    const redisNow = Math.round(partition.redisNow(now()) ?? 0);
    // Of nearly every answer: a client without a token, and one stamp.
    if (token === undefined && 'partition' in stamps) return formatToken([mergePart(undefined, stamps, redisNow, [])]);
    // Whatever a token that old asks for has been applied everywhere, or its epoch and the quarantine after it are over.
    const forgetAfter = settings.stalenessMs + markMs + MARGIN_MS;
    const parts = new Map<number, TokenPart>();
    for (const part of token === undefined ? [] : parseToken(token)) {
      const forgotten = part.issuedAt > 0 && redisNow - part.issuedAt > forgetAfter;
      if (!forgotten && part.partition === partition.index) parts.set(part.partition, part);
    }
    for (const stamp of 'partition' in stamps ? [stamps] : stamps) {
      // `past` tells what the present epoch succeeds. Of a stamp from before it, by a read across the change, it tells
      // nothing: 1: the client has seen e1   2: a read that was stamped e0 ends in e2, whose past holds both.
      const past = stamp.epoch === partition.epoch ? partition.past : [];
      parts.set(stamp.partition, mergePart(parts.get(stamp.partition), stamp, redisNow, past));
    }
    return formatToken([...parts.values()]);
  }

  async peek(key: string): Promise<Peeked> {
    this.#open();
    const { partition, commands, now } = this.#engine;
    const at = now();
    const entry = partition.peek(key, at);
    const { reply } = await commands.read(key);
    return {
      key,
      l1: entry
        ? { value: entry.value, clock: entry.f, ageMs: at - entry.loadedAt, expiresInMs: entry.expiresAt - at }
        : null,
      l2: reply.is === 'unreachable' || reply.is === 'epoch' ? null : peeked(reply, partition.redisNow(now())),
    };
  }

  flushL1(): void {
    this.#engine.partition.flush();
  }

  status(): CacheStatus {
    const { partition, now, settings, counters } = this.#engine;
    const at = now();
    const ageMs = Number.isFinite(partition.confirmedAt) ? at - partition.confirmedAt : null;
    const trusted = partition.trusted(at, settings.stalenessMs);
    counters.evictions = partition.l1.evictions;
    return {
      state: this.#state(trusted),
      partitions: [
        { epoch: partition.epoch, applied: partition.applied, quarantineMs: partition.quarantineMs(at, MARGIN_MS) },
      ],
      trust: { state: trusted ? 'trusted' : ageMs === null ? 'none' : 'lapsed', ageMs, boundMs: settings.stalenessMs },
      l1: { entries: partition.l1.size, maxEntries: partition.l1.maxEntries },
      counters: { ...counters },
    };
  }

  async ready(signal?: AbortSignal): Promise<void> {
    this.#open();
    if (this.#state() === 'ready') return;
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

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.reject(closedError());
    await this.#writer.close(CLOSE_PATIENCE_MS);
    this.#pulse.stop();
    await this.#connection.close();
    this.#bus.close();
  }

  #open(): void {
    if (this.#closed) throw closedError();
  }

  #state(trusted = this.#engine.partition.trusted(this.#engine.now(), this.#engine.settings.stalenessMs)): CacheState {
    if (trusted) return 'ready';
    return this.#engine.partition.epoch === null ? 'starting' : 'parked';
  }

  #tellReady(): void {
    if (this.#waiting.size === 0 || this.#state() !== 'ready') return;
    for (const waiter of this.#waiting) waiter.resolve();
  }

  #heard(text: string): void {
    const { partition, notices, settings } = this.#engine;
    const message = parseMessage(text);
    if (message === undefined) {
      const error = new Error(`a message of ${text.length} characters on the bus is none of ours`);
      publish('error', () => ({ cache: settings.name, what: 'the bus', error }));
      // It may have been an invalidation that something on the way has mangled.
      this.#engine.beatNow();
    } else if (message.is === 'fill') notices.wake(message.key);
    else partition.heard(message);
  }

  /** `engine` is a function, as the partition that is observed is a part of it. */
  #observer(settings: Settings, engine: () => Engine): Observer {
    const at = { cache: settings.name, partition: 0 };
    return {
      applied: (entry, via) => {
        const { counters, notices, partition, now } = engine();
        counters.invalidationsApplied++;
        for (const key of entry.keys) notices.wake(key);
        publish('applied', () => {
          const redisNow = partition.redisNow(now());
          return { ...at, entry, via, lagMs: redisNow === undefined || entry.at === 0 ? null : redisNow - entry.at };
        });
      },
      gap: (applied, clock) => {
        engine().counters.gaps++;
        publish('gap', () => ({ ...at, applied, clock }));
      },
      flushed: (cause) => {
        engine().counters.flushes++;
        publish('flush', () => ({ ...at, cause }));
      },
      epochChanged: (before, epoch) => {
        engine().counters.epochChanges++;
        publish('epoch', () => ({ ...at, before, epoch }));
      },
      beatWanted: () => engine().beatNow(),
    };
  }
}

function closedError(): CacheError {
  return new CacheError('E_CACHE_CLOSED', 'the cache was closed');
}
