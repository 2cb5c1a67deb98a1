import type { Cache } from '@lockstep/cache';
import { createCacheOn } from '@lockstep/cache/guarded';
import type { Settings } from '@lockstep/cache/options';
import type { Actor, Agenda, Happening } from '../time/agenda.ts';
import { DRIFT_MOST, LocalTime } from '../time/local-time.ts';
import { Random, streamOf } from '../time/random.ts';
import type { Mechanisms } from './mechanisms.ts';
import type { Network } from './network.ts';
import { SimPorts } from './ports.ts';
import type { RedisServer } from './redis.ts';
import type { Trace } from './trace.ts';

/** Where the clock of a process begins, at most, ms. */
const CLOCK_MOST_MS = 100_000;

export interface ReplicaOptions {
  readonly agenda: Agenda;
  readonly index: number;
  readonly dice: number;
  readonly network: Network;
  readonly trace: Trace | null;
  readonly mechanisms: Mechanisms;
  readonly address: () => RedisServer;
  /** For a process with this event loop. */
  readonly settings: (actor: Actor) => Settings;
}

/** A process with one cache. It may be paused, and may end at any moment; a new one of the same name follows. */
export class Replica implements Actor {
  life = 0;
  paused = false;
  backlog: Happening[] = [];
  /** It goes on telling Redis of a write whose end nobody knows, as long as it lives. */
  owes = false;
  readonly name: string;
  readonly index: number;
  readonly network: Network;
  readonly #options: ReplicaOptions;
  #ports: SimPorts | null = null;
  #cache: Cache | null = null;
  #time: LocalTime | null = null;
  #pausedAt = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.index = options.index;
    this.network = options.network;
    this.name = String.fromCharCode('a'.charCodeAt(0) + options.index);
  }

  /** Null: it is down. */
  get cache(): Cache | null {
    return this.#cache;
  }

  get ports(): SimPorts | null {
    return this.#ports;
  }

  start(): void {
    if (this.#cache !== null) return;
    const { agenda, dice, address, trace, mechanisms, network } = this.#options;
    const random = new Random(streamOf(dice, 1_000 * (this.index + 1) + this.life));
    const rate = random.between(1 - DRIFT_MOST, 1 + DRIFT_MOST);
    this.#time = new LocalTime(agenda, this, random.between(0, CLOCK_MOST_MS), rate);
    const settings = this.#options.settings(this);
    this.#ports = new SimPorts({
      row: `${this.name}${this.life}x`,
      around: { agenda, actor: this, network, address, timeoutMs: settings.stalenessMs },
      time: this.#time,
      random,
      trace,
      disturb: mechanisms.requests ?? null,
    });
    this.#cache = createCacheOn(this.#ports, settings);
  }

  /** Ends without a word: what was on its way from here may arrive, nothing here runs any more. */
  crash(): void {
    this.#ports?.end();
    this.#ports = null;
    this.#cache = null;
    this.life++;
    this.owes = false;
    this.paused = false;
    this.backlog = [];
  }

  pause(): void {
    if (this.#cache === null || this.paused) return;
    this.paused = true;
    this.#pausedAt = this.#options.agenda.now;
  }

  /** What has come meanwhile is worked off at once: what was due by itself first, or what arrived. */
  resume(first: 'timers' | 'messages'): void {
    if (!this.paused) return;
    const { agenda, mechanisms } = this.#options;
    if (mechanisms.suspendedClock) this.#time?.stoodStill(agenda.now - this.#pausedAt);
    this.paused = false;
    if (first === 'timers') agenda.turn(this, agenda.now, () => this.#ports?.connection?.timeOut());
    const waiting = this.backlog;
    this.backlog = [];
    const early = waiting.filter(({ timer }) => timer === (first === 'timers'));
    const late = waiting.filter(({ timer }) => timer !== (first === 'timers'));
    agenda.resume(this, [...early, ...late]);
  }
}
