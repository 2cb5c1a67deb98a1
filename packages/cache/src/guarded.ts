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
  SetOptions,
  Stamp,
  WriteResult,
} from './cache.ts';
import type { BusMessage } from './core/entry.ts';
import { Partition } from './core/partition.ts';
import { partitionOf } from './core/partition-of.ts';
import type { TokenPart } from './core/token.ts';
import { newCounters } from './counters.ts';
import { type Engine, reflected, type Unit } from './engine.ts';
import { CacheError } from './errors.ts';
import { LruStore } from './l1/lru.ts';
import { NodeCacheStore } from './l1/node-cache.ts';
import type { L1Entry } from './l1/store.ts';
import { livesOf } from './lives.ts';
import { checkName } from './names.ts';
import { observe } from './observe.ts';
import { type CacheOptions, checkOptions, type Settings } from './options.ts';
import { Loads } from './origin/loads.ts';
import { Notices } from './origin/notices.ts';
import { OwnMarks } from './outbox/own-marks.ts';
import { RelayLoop } from './outbox/relay-loop.ts';
import { peeked } from './peeked.ts';
import type { Link, Ports } from './ports.ts';
import { Pulse } from './pulse.ts';
import { type ReadCall, ReadCalls } from './read-call.ts';
import { Reader } from './reader.ts';
import { Readiness } from './readiness.ts';
import { redisPorts } from './redis/redis-ports.ts';
import { publish } from './telemetry.ts';
import { Tokens } from './tokens.ts';
import { Writer } from './writer.ts';

/** How long `close` waits for invalidations that have not been confirmed, ms. */
const CLOSE_PATIENCE_MS = 500;

/**
 * The guarded cache: coherent within S across every replica of the namespace. It connects in the background; `ready`
 * tells when. Throws `OptionsError` at once if the options do not fit.
 */
export function createCache(options: CacheOptions): Cache {
  return new GuardedCache(checkOptions(options), redisPorts());
}

/** The same on another outside world, with options that were checked. */
export function createCacheOn(ports: Ports, settings: Settings): Cache {
  return new GuardedCache(settings, ports);
}

/** Under which proof L1 answers at a local time. */
interface HitProof {
  readonly at: number;
  readonly provedAt: number;
  readonly boundMs: number;
  readonly unproven: boolean;
}

class GuardedCache implements Cache {
  readonly #engine: Engine;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #pulse: Pulse;
  readonly #tokens: Tokens;
  readonly #calls: ReadCalls;
  readonly #link: Link;
  readonly #relay: RelayLoop | null;
  readonly #readiness = new Readiness();
  #closed = false;

  constructor(settings: Settings, { time, random, nonce, link }: Ports) {
    const lives = livesOf(settings);
    this.#calls = new ReadCalls(settings);
    const beatNow = () => this.#pulse.now();
    this.#link = link(settings, lives, {
      closed: () => {
        for (const { partition } of this.#engine.units) partition.closed();
      },
      ready: () => void beatNow(),
      heard: (index, message) => this.#heard(index, message),
      failed: (what, error) => publish('error', () => ({ cache: settings.name, what, error })),
    });
    const units = Array.from({ length: settings.partitions }, (_, index) => this.#unit(settings, index));
    this.#engine = {
      settings,
      units,
      unitOf: (key) => units[partitionOf(key, units.length)] as Unit,
      loads: new Loads(settings.loads, settings.loadLimitMs, time),
      notices: new Notices(time),
      counters: newCounters(),
      time,
      random,
      nonce,
      lives,
      ownMarks: settings.outbox === null ? null : new OwnMarks(settings.outbox, time),
      beatNow,
    };
    this.#reader = new Reader(this.#engine);
    this.#writer = new Writer(this.#engine);
    this.#tokens = new Tokens(this.#engine);
    this.#pulse = new Pulse(this.#engine, () => {
      if (this.#state() === 'ready') this.#readiness.tell();
    });
    this.#relay = settings.outbox === null ? null : new RelayLoop(this.#engine, settings.outbox);
    this.#link.connect();
    this.#pulse.start();
    this.#relay?.start();
  }

  #unit(settings: Settings, index: number): Unit {
    const store = settings.l1 === 'lru' ? LruStore : NodeCacheStore;
    // The bound of L1 is for all partitions together.
    const entries = Math.max(1, Math.ceil(settings.l1MaxEntries / settings.partitions));
    const partition = new Partition({
      index,
      stalenessMs: settings.stalenessMs,
      l1: new store(entries),
      proof: settings.outbox === null ? 'redis' : 'origin',
      observer: observe(() => this.#engine, settings, index),
    });
    const reflects = { partition: index, epoch: null, clock: 0 };
    return { partition, requests: this.#link.requests(partition), reflects };
  }

  hit<V>(key: string, options?: ReadOptions): ReadResult<V> | undefined {
    if (this.#closed) return undefined;
    const call = this.#calls.of(options);
    const unit = this.#engine.unitOf(key);
    return this.#hit(unit, key, call, this.#partOf(call, unit), this.#engine.time.now());
  }

  #hit<V>(unit: Unit, key: string, call: ReadCall, part: TokenPart | undefined, at: number): ReadResult<V> | undefined {
    const { partition } = unit;
    const { boundMs, level, onUnproven } = call;
    if (!call.fromL1 || !partition.follows(part)) return undefined;
    const unproven = !partition.trusted(at, boundMs);
    if (unproven && (onUnproven !== 'stale' || level !== 'bounded')) return undefined;
    const entry = partition.held(key, at);
    return entry && this.#answer<V>(unit, entry, { at, provedAt: partition.proofs.at, boundMs, unproven });
  }

  #answer<V>(unit: Unit, entry: L1Entry, { at, provedAt, boundMs, unproven }: HitProof): ReadResult<V> {
    const { counters } = this.#engine;
    counters.gets++;
    counters.l1Hits++;
    if (unproven) counters.unproven++;
    return {
      value: entry.value as V,
      tier: 'L1',
      joined: false,
      ageMs: at - entry.loadedAt,
      proofAgeMs: at - provedAt,
      boundMs,
      unproven,
      stamp: entry.stamp,
      proof: reflected(unit),
      loadMs: null,
    };
  }

  #partOf({ token }: ReadCall, { partition }: Unit): TokenPart | undefined {
    return token === undefined ? undefined : this.#tokens.partOf(token, partition);
  }

  get<V>(key: string, load: Load<V>, options?: ReadOptions): Promise<ReadResult<V>> {
    try {
      this.#open();
      checkName('key', key);
    } catch (error) {
      return Promise.reject(error);
    }
    const call = this.#calls.of(options);
    const unit = this.#engine.unitOf(key);
    const part = this.#partOf(call, unit);
    const at = this.#engine.time.now();
    const hit = this.#hit<V>(unit, key, call, part, at);
    return hit === undefined ? this.#reader.get(unit, key, load, call, part, at) : Promise.resolve(hit);
  }

  async find<V>(key: string, options: ReadOptions = {}): Promise<ReadResult<V> | undefined> {
    this.#open();
    checkName('key', key);
    const call = this.#calls.of({ ...options, bypass: false });
    const unit = this.#engine.unitOf(key);
    const part = this.#partOf(call, unit);
    return this.#found(unit, key, call, part) ?? this.#reader.find<V>(unit, key, call, part);
  }

  /** L1's copy of what `set` wrote. Its proof is Redis', whatever the origin's is worth. */
  #found<V>(unit: Unit, key: string, call: ReadCall, part: TokenPart | undefined): ReadResult<V> | undefined {
    const { partition } = unit;
    const { boundMs } = call;
    const at = this.#engine.time.now();
    const provedAt = partition.proofs.confirmedAt;
    if (!call.fromL1) return undefined;
    if (at - provedAt > boundMs || !partition.follows(part)) return undefined;
    const entry = partition.held(key, at);
    return entry && this.#answer<V>(unit, entry, { at, provedAt, boundMs, unproven: false });
  }

  async mutate<T>(mutation: Mutation, commit: Commit<T>): Promise<WriteResult<T>> {
    this.#open();
    return this.#writer.mutate(mutation, commit);
  }

  async invalidate(mutation: Mutation): Promise<WriteResult<void>> {
    this.#open();
    return this.#writer.invalidate(mutation);
  }

  async set<V>(key: string, value: V, options: SetOptions = {}): Promise<WriteResult<void>> {
    this.#open();
    return this.#writer.set(key, value, options);
  }

  issue(stamps: Stamp | readonly Stamp[], token?: string): string {
    return this.#tokens.issue(stamps, token);
  }

  async peek(key: string): Promise<Peeked> {
    this.#open();
    checkName('key', key);
    const { time, unitOf } = this.#engine;
    const { partition, requests } = unitOf(key);
    const at = time.now();
    const entry = partition.peek(key, at);
    const { reply } = await requests.read(key);
    return {
      key,
      l1: entry
        ? { value: entry.value, clock: entry.f, ageMs: at - entry.loadedAt, expiresInMs: entry.expiresAt - at }
        : null,
      l2: reply.is === 'unreachable' || reply.is === 'epoch' ? null : peeked(reply, partition.redisNow(time.now())),
    };
  }

  flushL1(): void {
    for (const { partition } of this.#engine.units) partition.flush();
  }

  status(): CacheStatus {
    const { units, time, settings, counters, lives } = this.#engine;
    const at = time.now();
    const partitions = units.map(({ partition }) => partition);
    const proved = Math.min(...partitions.map(({ proofs }) => proofs.at));
    const ageMs = Number.isFinite(proved) ? at - proved : null;
    const trusted = ageMs !== null && ageMs <= settings.stalenessMs;
    const sum = (of: (partition: Partition) => number) => partitions.reduce((total, one) => total + of(one), 0);
    counters.evictions = sum(({ l1 }) => l1.evictions);
    return {
      state: this.#state(trusted),
      partitions: partitions.map((partition) => ({
        epoch: partition.epoch,
        applied: partition.applied,
        quarantineMs: partition.contact.quarantineMs(at, lives.beyondMarkMs),
      })),
      trust: { state: trusted ? 'trusted' : ageMs === null ? 'none' : 'lapsed', ageMs, boundMs: settings.stalenessMs },
      l1: { entries: sum(({ l1 }) => l1.size), maxEntries: sum(({ l1 }) => l1.maxEntries) },
      counters: { ...counters },
    };
  }

  async ready(signal?: AbortSignal): Promise<void> {
    this.#open();
    if (this.#state() === 'ready') return;
    await this.#readiness.wait(signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#readiness.close(closedError());
    await this.#writer.close(CLOSE_PATIENCE_MS);
    await this.#relay?.stop();
    await this.#engine.ownMarks?.close();
    this.#pulse.stop();
    await this.#link.closeCommands();
    this.#link.closeBus();
  }

  #open(): void {
    if (this.#closed) throw closedError();
  }

  #trusted(): boolean {
    const { units, time, settings } = this.#engine;
    const now = time.now();
    return units.every(({ partition }) => partition.trusted(now, settings.stalenessMs));
  }

  #state(trusted = this.#trusted()): CacheState {
    if (trusted) return 'ready';
    return this.#engine.units.some(({ partition }) => partition.epoch === null) ? 'starting' : 'parked';
  }

  #heard(index: number, message: BusMessage | null): void {
    const { units, notices, settings, beatNow } = this.#engine;
    if (message === null) {
      const error = new Error('a message on the bus is none of ours');
      publish('error', () => ({ cache: settings.name, what: 'the bus', error }));
      // It may have been an invalidation that something on the way has mangled.
      void beatNow();
    } else if (message.is === 'fill') notices.wake(message.key);
    else units[index]?.partition.heard(message);
  }
}

function closedError(): CacheError {
  return new CacheError('E_CACHE_CLOSED', 'the cache was closed');
}
