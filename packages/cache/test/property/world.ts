import { acceptable, drain, openServer, partitionOf, restart, type SimServer } from '@lockstep/model/redis';
import type { Level } from '../../src/cache.ts';
import { Replica } from './replica.ts';
import {
  KEYS,
  type Key,
  LOAD_LIMIT_MS,
  LONGEST_MARK_MS,
  type Mechanisms,
  STALENESS_MS,
  type Surroundings,
  TTL_MS,
} from './surroundings.ts';

/** The journal and its pages are so short that a list of actions trims and pages. */
const REDIS = {
  markMs: LONGEST_MARK_MS,
  beyondMarkMs: 10,
  loadLimitMs: LOAD_LIMIT_MS,
  l2TtlMs: TTL_MS,
  journalLength: 4,
  page: 2,
};
/** Between two looks at the world while it converges, ms. */
const CONVERGE_MS = 30;
const CONVERGE_STEPS = 60;

/**
 * Replicas on the real core before one partition in memory, one step at a time: which step comes next is the caller's
 * choice, so a list of actions is an interleaving and the same list gives the same run. What each read returns is held
 * against the writes that were acknowledged before it began.
 */
export class World implements Surroundings {
  now = 0;
  readonly violations: string[] = [];
  readonly redis: SimServer;
  readonly replicas: Replica[];
  readonly mechanisms: Mechanisms;
  /** What the origin is to do next, for loads and commits that wait for it. */
  readonly origin: (() => void)[] = [];
  readonly #versions = new Map<Key, number>();
  readonly #acknowledged: { readonly key: Key; readonly version: number; readonly at: number }[] = [];
  #nonces = 0;

  constructor(replicas: number, mechanisms: Mechanisms = {}) {
    this.mechanisms = mechanisms;
    this.redis = openServer('r', { ...REDIS, without: mechanisms.redis ?? {} });
    this.replicas = Array.from({ length: replicas }, () => new Replica(this));
  }

  nonce(): string {
    return `n${this.#nonces++}`;
  }

  published(): void {
    const messages = drain(this.redis).map(({ message }) => message);
    for (const replica of this.replicas) replica.bus.push(...messages);
  }

  version(key: Key): number {
    return this.#versions.get(key === 'list' ? 'product' : key) ?? 0;
  }

  commit(key: Key): number {
    const version = this.version(key) + 1;
    this.#versions.set(key, version);
    return version;
  }

  acknowledge(key: Key, version: number): void {
    this.#acknowledged.push({ key, version, at: this.now });
    if (key === 'product') this.#acknowledged.push({ key: 'list', version, at: this.now });
  }

  /** Strong reads are linearizable among themselves: none is older than what one returned before it began. */
  returnedStrong(key: Key, version: number): void {
    this.#acknowledged.push({ key, version, at: Number.POSITIVE_INFINITY });
  }

  /** The oldest version that a read which begins now may return. */
  floor(key: Key, level: Level): number {
    const before = level === 'strong' ? Number.POSITIVE_INFINITY : this.now - STALENESS_MS - 1;
    const past = this.#acknowledged.filter((write) => write.key === key && write.at <= before);
    return Math.max(0, ...past.map((write) => write.version));
  }

  tick(ms: number): void {
    this.now += ms;
    for (const replica of this.replicas) replica.ticked();
  }

  restart(lose: boolean): void {
    restart(this.redis, this.nonce(), lose ? 'lost' : 'kept');
    for (const replica of this.replicas) replica.close(false);
  }

  /** Ends all faults and lets everything end; then every tier must hold the origin's version or nothing. */
  converge(): void {
    for (let step = 0; step < CONVERGE_STEPS; step++) {
      for (const next of this.origin.splice(0)) next();
      for (const replica of this.replicas) replica.wire.flow();
      this.tick(CONVERGE_MS);
    }
    for (const replica of this.replicas) {
      replica.bus.splice(0);
      // One round in the middle of which the epoch ended leaves the proof to the next.
      for (let round = 0; round < 3; round++) replica.beat(true);
      if (!replica.partition.trusted(this.now, STALENESS_MS)) this.violations.push('a replica is not trusted again');
    }
    for (const key of KEYS) {
      const state = partitionOf(this.redis);
      const held = state.keys.get(key);
      const stored = acceptable(this.redis, state, held) ? held.payload : this.version(key);
      if (Number(stored) !== this.version(key)) this.violations.push(`L2 keeps ${key} ${stored}`);
      for (const replica of this.replicas) {
        const entry = replica.partition.peek(key, this.now);
        if (entry && entry.value !== this.version(key)) this.violations.push(`L1 keeps ${key} ${entry.value}`);
      }
    }
  }
}
