import * as scripts from '@lockstep/model/redis';
import type { Level } from '../../src/cache.ts';
import { Beat, type BeatEffect } from '../../src/core/beat.ts';
import type { BusMessage } from '../../src/core/entry.ts';
import { Partition } from '../../src/core/partition.ts';
import { type Lease, Read, type ReadEffect } from '../../src/core/read.ts';
import { LruStore } from '../../src/l1/lru.ts';
import { Line } from './line.ts';
import { type Key, LOAD_LIMIT_MS, STALENESS_MS, type Surroundings, TAG, TTL_MS } from './surroundings.ts';
import { Wire } from './wire.ts';
import { Writes } from './writes.ts';

const POLL_MS = 30;
/** Steps in which one read, write or round of beats ends when nothing comes between. */
const WHOLE_STEPS = 60;

interface Floor {
  readonly version: number;
  readonly level: Level;
  readonly what: string;
}

interface Flight {
  readonly read: Read;
  readonly key: Key;
  /** Oldest versions that its readers may be given: its own, then those of readers that joined. */
  readonly floors: Floor[];
  loaded: number;
  lookAgainAt: number | null;
}

/** One process: performs the effects of the core's machines, as flight.ts and pulse.ts do, step by step. */
export class Replica {
  readonly partition: Partition;
  readonly bus: BusMessage[] = [];
  readonly wire = new Wire();
  readonly #line: Line;
  readonly #writes: Writes;
  readonly #world: Surroundings;
  /** As its row in Redis is named. */
  readonly #name: string;
  readonly #flights = new Set<Flight>();
  readonly #newest = new Map<Key, Flight>();
  #beating = false;

  constructor(world: Surroundings) {
    this.#world = world;
    this.#name = world.nonce();
    const options = { index: 0, stalenessMs: STALENESS_MS, l1: new LruStore(10) };
    this.partition = world.mechanisms.partition?.(options, () => world.now) ?? new Partition(options);
    this.#line = new Line(world, this.partition, this.wire);
    this.#writes = new Writes(world, this.partition, this.#line);
  }

  read(key: Key, level: Level, whole: boolean): void {
    const world = this.#world;
    const floor = { version: world.floor(key, level), level, what: `${level} read of ${key} begun at ${world.now}` };
    const hit = level === 'bounded' ? this.partition.lookup(key, world.now, STALENESS_MS) : undefined;
    if (hit) {
      this.#returned(key, hit.value as number, [floor], 'L1');
      return;
    }
    const newest = this.#newest.get(key);
    const trusted = this.partition.trusted(world.now, STALENESS_MS);
    if (level === 'bounded' && newest?.read.joinable() && trusted) {
      newest.floors.push(floor);
      return;
    }
    const bounds = { boundMs: STALENESS_MS, loadLimitMs: LOAD_LIMIT_MS, bypass: false };
    const plain = { token: undefined, home: 'origin', onUnproven: 'origin' } as const;
    const request = { key, level, ...bounds, ...plain, nonce: () => world.nonce() };
    const read = world.mechanisms.read?.(this.partition, request) ?? new Read(this.partition, request);
    const flight: Flight = { read, key, floors: [floor], loaded: 0, lookAgainAt: null };
    this.#flights.add(flight);
    this.#newest.set(key, flight);
    this.#readStep(flight, read.start(world.now));
    if (whole) this.#whole(() => this.#flights.has(flight) && flight.lookAgainAt === null);
  }

  write(key: 'product' | 'plain', whole: boolean): void {
    let open = true;
    this.#writes.begin(key, () => {
      open = false;
    });
    if (whole) this.#whole(() => open);
  }

  beat(whole: boolean): void {
    if (!this.#beating) {
      this.#beating = true;
      const beat = new Beat(this.partition);
      this.#beatStep(beat, beat.start());
    }
    if (whole) this.#whole(() => this.#beating);
  }

  hear(how: 'deliver' | 'lose' | 'repeat' | 'later'): void {
    const message = how === 'repeat' ? this.bus[0] : this.bus.shift();
    if (message === undefined || how === 'lose') return;
    if (how === 'later') this.bus.push(message);
    else if (message.is === 'entry') this.partition.heard(message);
    const keys = message.is === 'entry' ? message.entry.keys : [message.key];
    for (const flight of this.#flights) {
      if (keys.includes(flight.key) && flight.lookAgainAt !== null) flight.lookAgainAt = this.#world.now;
    }
  }

  /** The connection closes; what was sent has been executed, or has not, and answers may be in memory already. */
  close(executed: boolean, late = false): void {
    this.wire.close(executed, late, () => this.partition.closed());
  }

  ticked(): void {
    const { now } = this.#world;
    for (const flight of this.#flights) {
      if (flight.lookAgainAt === null || flight.lookAgainAt > now) continue;
      flight.lookAgainAt = null;
      this.#readStep(flight, flight.read.woken(now));
    }
  }

  #whole(open: () => boolean): void {
    for (let step = 0; step < WHOLE_STEPS && open(); step++) {
      this.wire.flow();
      if (open() && this.wire.idle) this.#world.origin.pop()?.();
    }
  }

  #readStep(flight: Flight, effect: ReadEffect): void {
    const { redis, origin } = this.#world;
    const { read, key } = flight;
    const now = () => this.#world.now;
    const next = (following: ReadEffect) => this.#readStep(flight, following);
    switch (effect.do) {
      case 'get':
        this.#line.send(
          (caller) => scripts.get(redis, caller, key),
          (sent, reply) => next(read.got(sent, reply, now())),
        );
        break;
      case 'read':
        this.#line.send(
          (caller) => scripts.read(redis, caller, key),
          (sent, reply) => next(read.readBack(sent, reply, now())),
        );
        break;
      case 'lease':
        this.#line.send(
          (caller) => scripts.lease(redis, caller, { key, token: effect.token }),
          (sent, reply) => next(read.leased(sent, effect.token, reply, now())),
        );
        break;
      case 'wait':
        flight.lookAgainAt = now() + Math.min(POLL_MS, effect.maxMs);
        break;
      case 'load':
        // Two steps of the origin: the snapshot is taken, and some time later the result arrives.
        read.loading(now());
        origin.push(() => {
          flight.loaded = this.#world.version(key);
          origin.push(() => next(read.loaded(true)));
        });
        return;
      case 'fill':
        this.#fill(flight, effect.lease);
        break;
      case 'release':
        this.#line.send(
          (caller) => scripts.release(redis, caller, { key, token: effect.lease.token }),
          () => next(read.released(effect.error)),
          effect.lease.epoch,
        );
        break;
      case 'clock':
        this.#line.send(
          (caller) => scripts.clock(redis, caller),
          (sent, reply) => next(read.clocked(sent, reply)),
        );
        break;
      case 'return': {
        const { stored, tier, stamp } = effect.outcome;
        if (stored) this.#store(flight, Number(stored.payload), stored.f, stamp.epoch ?? '');
        this.#end(flight, stored ? Number(stored.payload) : flight.loaded, tier);
        break;
      }
      case 'fail':
        throw effect.error;
      default:
        throw new Error(`no bounded or strong read of what has an origin asks for ${effect.do}`);
    }
  }

  #fill(flight: Flight, lease: Lease): void {
    const { key, read, loaded } = flight;
    const request = { key, token: lease.token, f: lease.f, tags: tagsOf(key), payload: String(loaded) };
    this.#line.send(
      (caller) => scripts.fill(this.#world.redis, caller, request),
      (sent, reply) => {
        if (reply.is === 'stored') this.#store(flight, loaded, lease.f, lease.epoch);
        this.#readStep(flight, read.filled(sent, lease, reply));
      },
      lease.epoch,
    );
  }

  #store({ read, key }: Flight, value: number, f: number, epoch: string): void {
    const { now } = this.#world;
    const stamp = { partition: 0, epoch, clock: f };
    this.partition.store(read, { value, f, tags: tagsOf(key), loadedAt: now, expiresAt: now + TTL_MS, stamp }, now);
  }

  #end(flight: Flight, version: number, tier: string): void {
    this.#flights.delete(flight);
    this.partition.shut(flight.read);
    if (this.#newest.get(flight.key) === flight) this.#newest.delete(flight.key);
    this.#returned(flight.key, version, flight.floors, tier);
  }

  #returned(key: Key, version: number, floors: readonly Floor[], tier: string): void {
    for (const floor of floors) {
      if (floor.level === 'strong') this.#world.returnedStrong(key, version);
      if (version >= floor.version) continue;
      this.#world.violations.push(`${floor.what} returned version ${version} from ${tier}, not ${floor.version}`);
    }
  }

  #beatStep(beat: Beat, effect: BeatEffect): void {
    const { redis } = this.#world;
    if (effect.do === 'end') {
      this.#beating = false;
    } else if (effect.do === 'beat') {
      const { applied } = this.partition;
      this.#line.send(
        (caller) => scripts.beat(redis, caller, { replica: this.#name, applied }),
        (sent, reply) => this.#beatStep(beat, beat.answered(sent, reply)),
      );
    } else {
      const own = this.partition.epoch ?? '';
      this.#line.send(
        (caller) => scripts.renew(redis, caller, own),
        (sent, reply) => this.#beatStep(beat, beat.renewed({ ...sent, epoch: own }, reply)),
        effect.offered,
      );
    }
  }
}

function tagsOf(key: Key): string[] {
  return key === 'list' ? [TAG] : [];
}
