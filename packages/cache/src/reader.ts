import type { Load, ReadResult } from './cache.ts';
import { READS_IN_FLIGHT } from './core/limits.ts';
import { Read } from './core/read.ts';
import type { TokenPart } from './core/token.ts';
import { countRead } from './counters.ts';
import { type Engine, reflected, type Unit } from './engine.ts';
import { CacheError } from './errors.ts';
import { type Caller, Flight, type Landing, type Settled } from './flight.ts';
import type { ReadCall } from './read-call.ts';
import { UncachedLoads } from './uncached-loads.ts';

/** Answers reads that L1 cannot answer in their own turn: joins equal ones, or begins a flight of its own. */
export class Reader implements Landing {
  readonly #engine: Engine;
  readonly #uncached: UncachedLoads;
  /** The newest flight of each key: the one that may be joined. */
  readonly #newest = new Map<string, Flight>();
  #inFlight = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#uncached = new UncachedLoads(engine);
  }

  get<V>(
    unit: Unit,
    key: string,
    load: Load<V>,
    call: ReadCall,
    part: TokenPart | undefined,
    now: number,
  ): Promise<ReadResult<V>> {
    return new Promise((resolve, reject) => {
      if (!this.#enter(reject)) return;
      const { boundMs } = call;
      const newest = this.#joinable(unit, key, call, part, now);
      if (newest !== undefined) {
        // What proves the answer for this reader is what let it join: the value may have been loading for longer than S.
        newest.join({ unit, boundMs, joinedAt: unit.partition.proofs.at, resolve: resolve as Resolve, reject });
        return;
      }
      const caller = { unit, boundMs, joinedAt: null, resolve: resolve as Resolve, reject };
      const read = this.#read(unit, key, call, part, 'origin');
      const flight = new Flight(this.#engine, this.#uncached, unit, read, load, this, caller);
      this.#newest.set(key, flight);
      flight.fly(now);
    });
  }

  /** A key of `set`; undefined when it is not there. Such reads are not joined: there is no load to save. */
  find<V>(unit: Unit, key: string, call: ReadCall, part: TokenPart | undefined): Promise<ReadResult<V> | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#enter(reject)) return;
      const caller = { unit, boundMs: call.boundMs, joinedAt: null, resolve: resolve as Resolve, reject };
      const read = this.#read(unit, key, call, part, 'cache');
      new Flight(this.#engine, this.#uncached, unit, read, null, this, caller).fly(this.#engine.time.now());
    });
  }

  landed(flight: Flight, settled: Settled | undefined): void {
    this.#ended(flight);
    const now = this.#engine.time.now();
    this.#answer(flight.caller, settled, now);
    flight.joined?.forEach((caller) => {
      this.#answer(caller, settled, now);
    });
  }

  #answer(caller: Caller, settled: Settled | undefined, now: number): void {
    this.#inFlight--;
    if (settled === undefined) countRead(this.#engine.counters, 'L2', false);
    caller.resolve(settled && this.#result(settled, caller, now));
  }

  failed(flight: Flight, error: unknown): void {
    this.#ended(flight);
    for (const { reject } of [flight.caller, ...(flight.joined ?? [])]) {
      this.#inFlight--;
      this.#refuse(reject, error);
    }
  }

  #ended(flight: Flight): void {
    const { key } = flight.read;
    if (this.#newest.get(key) === flight) this.#newest.delete(key);
  }

  /** Those who join count as well: each is a caller that waits. */
  #enter(reject: (error: unknown) => void): boolean {
    if (this.#inFlight >= READS_IN_FLIGHT) {
      const busy = `${READS_IN_FLIGHT} reads are in flight: try again in a moment`;
      this.#refuse(reject, new CacheError('E_CACHE_OVERLOADED', busy));
      return false;
    }
    this.#inFlight++;
    return true;
  }

  #refuse(reject: (error: unknown) => void, error: unknown): void {
    const { counters } = this.#engine;
    counters.gets++;
    counters.failures++;
    if (error instanceof CacheError && error.code === 'E_CACHE_OVERLOADED') counters.shed++;
    reject(error);
  }

  #joinable(
    { partition }: Unit,
    key: string,
    call: ReadCall,
    part: TokenPart | undefined,
    now: number,
  ): Flight | undefined {
    const newest = this.#newest.get(key);
    if (newest === undefined || !newest.read.joinable()) return undefined;
    return call.fromL1 && partition.trusted(now, call.boundMs) && partition.follows(part) ? newest : undefined;
  }

  #read(unit: Unit, key: string, call: ReadCall, part: TokenPart | undefined, home: 'origin' | 'cache'): Read {
    const { nonce, settings } = this.#engine;
    const { level, boundMs, bypass, onUnproven } = call;
    const { loadLimitMs } = settings;
    return new Read(unit.partition, { key, level, token: part, boundMs, bypass, onUnproven, home, loadLimitMs, nonce });
  }

  #result(settled: Settled, { unit, boundMs, joinedAt }: Caller, now: number): ReadResult<unknown> {
    const { counters } = this.#engine;
    const own = joinedAt === null;
    const joined = !own || settled.joined;
    const unproven = own && settled.unproven;
    countRead(counters, settled.tier, joined);
    if (unproven) counters.unproven++;
    return {
      value: settled.value,
      tier: settled.tier,
      joined,
      ageMs: now - settled.loadedAt,
      proofAgeMs: now - (own ? settled.provedAt : Math.max(settled.provedAt, joinedAt)),
      boundMs,
      unproven,
      stamp: settled.stamp,
      proof: settled.tier === 'L1' ? reflected(unit) : settled.stamp,
      loadMs: settled.loadMs,
    };
  }
}

type Resolve = Caller['resolve'];
