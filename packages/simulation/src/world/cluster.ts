import { partitionOf } from '@lockstep/cache/core/partition-of';
import { livesOf } from '@lockstep/cache/lives';
import { checkOptions, type Settings } from '@lockstep/cache/options';
import type { Outbox } from '@lockstep/cache/outbox';
import type { SimOptions } from '@lockstep/model/redis';
import { isShown, LIST, SET } from '../plan/keys.ts';
import type { Plan } from '../plan/plan.ts';
import { optionsOf, type Setup } from '../plan/setup.ts';
import { type Actor, Agenda } from '../time/agenda.ts';
import { Random, streamOf } from '../time/random.ts';
import { perform } from './faults.ts';
import { History } from './history.ts';
import type { Mechanisms } from './mechanisms.ts';
import { Network } from './network.ts';
import { Origin } from './origin.ts';
import { Locks, SimOutbox } from './outbox.ts';
import { Redis, type RedisServer } from './redis.ts';
import { Replica } from './replica.ts';
import { Session } from './session.ts';
import { Trace } from './trace.ts';

/** Streams of chance, of which each part has its own; those of replicas begin at 1,000. */
const STREAM = { origin: 1, redis: 2, network: 10 } as const;

/** One simulated cluster: real caches in virtual time, what they stand on, and the clients before them. */
export class Cluster {
  readonly plan: Plan;
  readonly mechanisms: Mechanisms;
  readonly agenda = new Agenda();
  readonly trace: Trace | null;
  readonly history: History;
  readonly origin: Origin;
  readonly redis: Redis;
  readonly replicas: readonly Replica[];
  readonly sessions: Session[] = [];
  /** Which Redis each replica is told to go to. */
  readonly routes: number[];
  /** What nobody but a relay can invalidate any more: its writer has died (A4). */
  readonly orphans = new Set<string>();
  readonly #locks = new Locks();
  #settings: Settings | null = null;
  #sets = 0;
  #setKeys = 0;

  constructor(plan: Plan, mechanisms: Mechanisms, traced: boolean) {
    const { agenda } = this;
    const { dice, setup, quietAt } = plan;
    this.plan = plan;
    this.mechanisms = mechanisms;
    this.trace = traced ? new Trace(agenda) : null;
    this.history = new History(agenda, this.trace, {
      labels: mechanisms.labels !== false,
      hitsAreStrong: setup.writes === 'linearizable',
    });
    const { partitions, originMs: meanMs } = setup;
    const random = new Random(streamOf(dice, STREAM.origin));
    this.origin = new Origin({
      agenda,
      random,
      trace: this.trace,
      meanMs,
      partitions: setup.outbox ? partitions : 0,
      quietAt,
    });
    const redisRandom = new Random(streamOf(dice, STREAM.redis));
    this.redis = new Redis(agenda, this.trace, redisRandom, this.#redisOptions(), partitions);
    this.routes = Array.from({ length: plan.replicas }, () => 0);
    this.replicas = Array.from({ length: plan.replicas }, (_, index) => this.#replica(index));
  }

  /** Runs the plan until all faults are healed. What is under way then goes on with the agenda. */
  async run(): Promise<void> {
    const { agenda, plan } = this;
    for (const replica of this.replicas) replica.start();
    for (const fault of plan.faults) agenda.at(fault.at, () => perform(fault, this));
    agenda.at(plan.quietAt, () => {
      for (const session of this.sessions) session.stop();
      this.#heal();
    });
    agenda.plan(plan.operations, (operation) => this.#session(operation.client).begin(operation));
    await agenda.run(plan.quietAt);
  }

  /** The bound of reads that ask for a tighter one than S, ms. */
  get tightMs(): number {
    return this.plan.setup.stalenessMs / 2;
  }

  /** This one, or the next that is up; undefined: none is. */
  replicaUp(index: number): Replica | undefined {
    const wanted = this.replicas[index];
    if (wanted !== undefined && wanted.cache !== null) return wanted;
    const { length } = this.replicas;
    const others = Array.from({ length }, (_, offset) => this.replicas[(index + offset) % length]);
    return others.find((replica) => replica !== undefined && replica.cache !== null);
  }

  get setKey(): string {
    return `${SET}${this.#setKeys}`;
  }

  nextSet(): number {
    return ++this.#sets;
  }

  renameSetKey(): void {
    this.#setKeys++;
    this.#sets = 0;
  }

  partitionOf(key: string): string {
    return String(partitionOf(key, this.plan.setup.partitions));
  }

  psql(keys: readonly string[]): void {
    this.history.committed(this.origin.apply({ keys, listed: keys.some(isShown) }));
  }

  /** Whose writer has died before it could tell anybody what it had changed. */
  orphan(key: string): void {
    if (!this.plan.setup.outbox) this.orphans.add(key);
  }

  /** A process that is gone in this instant, and back a little later. */
  readonly died = (replica: Replica): void => this.crash(replica, 30);

  crash(replica: Replica, downMs: number): void {
    const { agenda } = this;
    if (replica.cache === null) return;
    this.trace?.note(replica.name, 'ends without a word');
    if (replica.owes) this.orphan(LIST);
    replica.crash();
    for (const session of this.sessions) session.left(replica);
    agenda.at(agenda.now + downMs, () => this.start(replica));
  }

  start(replica: Replica): void {
    if (replica.cache !== null) return;
    this.trace?.note(replica.name, 'starts');
    replica.start();
    this.agenda.loud();
  }

  /** All faults end; from here on everything has to come to rest by itself. */
  #heal(): void {
    this.trace?.note('the world', 'is healed');
    this.origin.heal();
    this.redis.heal();
    for (const replica of this.replicas) {
      // What is still on its way through a slow network would come long after everything is well.
      const lost = this.routes[replica.index] !== this.redis.primary.index || replica.network.isSlow;
      replica.network.heal();
      replica.resume('timers');
      if (lost) this.move(replica);
    }
  }

  /** This replica hears where the primary is, and connects there. */
  move(replica: Replica): void {
    this.routes[replica.index] = this.redis.primary.index;
    replica.ports?.connection?.cut();
    replica.ports?.subscription?.cut();
  }

  #session(index: number): Session {
    while (this.sessions.length <= index) this.sessions.push(new Session(this, this.sessions.length));
    return this.sessions[index] as Session;
  }

  #replica(index: number): Replica {
    const { agenda, trace, mechanisms, plan } = this;
    const { dice, setup } = plan;
    return new Replica({
      agenda,
      index,
      dice,
      network: new Network(new Random(streamOf(dice, STREAM.network + index)), setup.latencyMs),
      trace,
      mechanisms,
      address: () => this.redis.servers[this.routes[index] as 0 | 1] as RedisServer,
      settings: (actor) => this.#settingsOf(index, actor),
    });
  }

  /** Checked once: those of the other processes differ in the name, and in whose view of the outbox it is. */
  #settingsOf(index: number, actor: Actor): Settings {
    const name = String.fromCharCode('a'.charCodeAt(0) + index);
    const outbox = this.#outboxOf(actor);
    this.#settings ??= checkOptions({ ...optionsOf(this.plan.setup, name), outbox: outbox ?? undefined });
    return { ...this.#settings, name, outbox };
  }

  #outboxOf(actor: Actor): Outbox | null {
    if (!this.plan.setup.outbox) return null;
    const outbox = new SimOutbox(this.agenda, actor, this.origin, this.#locks);
    return this.mechanisms.outbox?.(outbox) ?? outbox;
  }

  #redisOptions(): Partial<SimOptions> {
    const { setup } = this.plan;
    const lives = livesOf(setup as Setup & Settings);
    return {
      markMs: lives.markMs,
      beyondMarkMs: lives.beyondMarkMs,
      leaseMs: this.mechanisms.acknowledgements === false ? 0 : lives.leaseMs,
      rowAgeMs: setup.stalenessMs + lives.markMs + lives.beyondMarkMs,
      l2TtlMs: setup.l2TtlMs,
      loadLimitMs: setup.loadLimitMs,
      journalLength: setup.journalLength,
      without: this.mechanisms.redis ?? {},
    };
  }
}
