import {
  clock,
  drain,
  endQuarantine,
  evictMeta,
  flushAll,
  openServer,
  persist,
  promote,
  replicate,
  restart,
  type SimOptions,
  type SimServer,
  setAccepts,
  sweepTag,
  trimJournal,
} from '@lockstep/model/redis';
import { TAG } from '../plan/keys.ts';
import type { Agenda } from '../time/agenda.ts';
import { DRIFT_MOST } from '../time/local-time.ts';
import type { Random } from '../time/random.ts';
import type { Connection } from './connection.ts';
import type { Subscription } from './subscription.ts';
import type { Trace } from './trace.ts';

/** How far the clocks of two servers are apart, at most, ms: within the margin (A3). */
const APART_MOST_MS = 20;

interface Clock {
  readonly offsetMs: number;
  readonly rate: number;
}

/** One Redis with those who are connected to it. */
export class RedisServer {
  readonly index: number;
  readonly sim: SimServer;
  readonly connections = new Set<Connection>();
  readonly subscriptions = new Set<Subscription>();
  /** Its event loop stands still until then, virtual ms. */
  stalledUntil = 0;
  readonly #agenda: Agenda;
  readonly #clock: Clock;

  constructor(agenda: Agenda, index: number, options: Partial<SimOptions>, clock: Clock) {
    this.index = index;
    this.sim = openServer(`r${index}`, options, true);
    this.#agenda = agenda;
    this.#clock = clock;
  }

  /** Redis' TIME, whole ms. */
  get time(): number {
    return Math.floor(this.#agenda.now * this.#clock.rate + this.#clock.offsetMs);
  }

  get down(): boolean {
    return this.sim.accepts === 'nothing';
  }

  /** What scripts have published goes to whoever is subscribed here. */
  deliver(): void {
    if (this.sim.outbox.length === 0) return;
    for (const { partition, message } of drain(this.sim)) {
      for (const subscription of this.subscriptions) subscription.deliver(Number(partition), message);
    }
  }

  disconnectAll(): void {
    for (const connection of [...this.connections]) connection.cut();
    for (const subscription of [...this.subscriptions]) subscription.cut();
  }
}

/** A primary and its replica, and which of them the caches are told to go to. */
export class Redis {
  readonly servers: readonly [RedisServer, RedisServer];
  readonly #agenda: Agenda;
  readonly #trace: Trace | null;
  #primary = 0;
  /** The other server copies the primary; a deposed one does not before it is told to. */
  #copies = true;
  #replids = 2;

  constructor(agenda: Agenda, trace: Trace | null, random: Random, options: Partial<SimOptions>, partitions: number) {
    this.#agenda = agenda;
    this.#trace = trace;
    const clock = () => ({
      offsetMs: 1_000 + random.between(0, APART_MOST_MS),
      rate: random.between(1 - DRIFT_MOST, 1 + DRIFT_MOST),
    });
    this.servers = [new RedisServer(agenda, 0, options, clock()), new RedisServer(agenda, 1, options, clock())];
    setAccepts(this.servers[1].sim, 'reads');
    this.#begin(partitions);
  }

  get primary(): RedisServer {
    return this.servers[this.#primary] as RedisServer;
  }

  get replica(): RedisServer {
    return this.servers[1 - this.#primary] as RedisServer;
  }

  /** A history that began long ago, so that nothing is in quarantine. */
  #begin(partitions: number): void {
    const { sim, time } = this.primary;
    for (let index = 0; index < partitions; index++) {
      const partition = String(index);
      clock(sim, { epoch: '', nonce: `first${index}`, now: time, partition });
      endQuarantine(sim, partition);
    }
    persist(sim);
    this.replicate();
  }

  persist(): void {
    persist(this.primary.sim);
  }

  replicate(): void {
    if (this.#copies && this.replica.sim.accepts === 'reads') replicate(this.primary.sim, this.replica.sim);
  }

  stall(ms: number): void {
    this.primary.stalledUntil = this.#agenda.now + ms;
  }

  flushAll(): void {
    flushAll(this.primary.sim);
  }

  /** By hand, or for want of room, in every partition. */
  lose(what: 'lose meta' | 'trim journal' | 'sweep tag'): void {
    const { sim } = this.primary;
    for (const partition of sim.partitions.keys()) {
      if (what === 'lose meta') evictMeta(sim, partition);
      else if (what === 'trim journal') trimJournal(sim, partition);
      else sweepTag(sim, TAG, partition);
    }
  }

  /** A new process, after `downMs`. */
  restart(downMs: number, data: 'kept' | 'lost'): void {
    const server = this.primary;
    setAccepts(server.sim, 'nothing');
    server.disconnectAll();
    this.#agenda.at(this.#agenda.now + downMs, () => {
      restart(server.sim, this.#replid(), data);
      this.#trace?.note(`redis ${server.index}`, `is back, its data ${data}`);
    });
  }

  /**
   * The replica becomes the primary, with what it holds. The former one goes on accepting writes for `acceptsMs` (D), then
   * answers plain GETs only. Who is connected to it stays so until something tells it otherwise.
   */
  failOver(acceptsMs: number): void {
    if (!this.primary.down && this.replica.sim.accepts === 'reads') this.#promoteReplica(acceptsMs);
  }

  /** The deposed primary is promoted again, with what it held all the time: `run_id` is the same, `master_replid` is not [9]. */
  failBack(acceptsMs: number): void {
    if (!this.replica.down) this.#promoteReplica(acceptsMs);
  }

  #promoteReplica(acceptsMs: number): void {
    const deposed = this.primary;
    promote(this.replica.sim, this.#replid());
    this.#primary = 1 - this.#primary;
    this.#copies = false;
    if (acceptsMs === 0) setAccepts(deposed.sim, 'reads');
    else {
      this.#agenda.at(this.#agenda.now + acceptsMs, () => {
        if (deposed !== this.primary && !deposed.down) setAccepts(deposed.sim, 'reads');
      });
    }
  }

  /** The former primary becomes a replica of the new one: it has its data, and refuses scripts. */
  rejoin(): void {
    this.#demote(this.replica);
  }

  /** The failover is undone by demoting the new primary: the old one is as it was, save that `meta` was removed on it (A2). */
  undo(partitions: number): void {
    const { primary, replica } = this;
    for (let index = 0; index < partitions; index++) evictMeta(replica.sim, String(index));
    this.#primary = 1 - this.#primary;
    if (!replica.down) setAccepts(replica.sim, 'all');
    this.#demote(primary);
  }

  /** Everything stands as it should. */
  heal(): void {
    for (const server of this.servers) server.stalledUntil = 0;
    this.rejoin();
  }

  /**
   * Its clients are disconnected, as Sentinel sees to (CLIENT KILL). Where nobody does, those who still have authority there
   * would read by plain GET what the other primary never had:
   *   1: P acknowledges v1 and answers B's beat   2: Q, without v1, is promoted   3: P copies Q   4: B GETs v0 from P.
   */
  #demote(server: RedisServer): void {
    if (server.down) return;
    setAccepts(server.sim, 'reads');
    server.disconnectAll();
    this.#copies = true;
    this.replicate();
  }

  #replid(): string {
    return `r${this.#replids++}`;
  }
}
