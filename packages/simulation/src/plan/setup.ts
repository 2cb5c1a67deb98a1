import type { CacheOptions } from '@lockstep/cache';

/** What the caches of one simulated cluster are told, and how fast its world is. Times in ms. */
export interface Setup {
  readonly stalenessMs: number;
  readonly beatMs: number;
  readonly relayMs: number;
  readonly partitions: number;
  readonly writes: 'bounded' | 'linearizable';
  readonly l1: 'node-cache' | 'lru';
  readonly l1MaxEntries: number;
  readonly l1TtlMs: number;
  readonly l2TtlMs: number;
  readonly loadLimitMs: number;
  readonly loads: number;
  readonly commitLimitMs: number;
  readonly failoverMs: number;
  readonly outbox: boolean;
  readonly afterLoss: 'drop' | 'repair';
  readonly onUnproven: 'origin' | 'error' | 'stale';
  readonly onUnreachable: 'fail' | 'outbox';
  /** Entries that the journal holds. */
  readonly journalLength: number;
  /** Mean of one way of one message. */
  readonly latencyMs: number;
  /** Mean of one step at the origin. */
  readonly originMs: number;
}

export const SETUP: Setup = {
  stalenessMs: 1_000,
  beatMs: 330,
  relayMs: 200,
  partitions: 1,
  writes: 'bounded',
  l1: 'node-cache',
  l1MaxEntries: 64,
  l1TtlMs: 60_000,
  l2TtlMs: 300_000,
  loadLimitMs: 400,
  loads: 16,
  commitLimitMs: 200,
  failoverMs: 0,
  outbox: false,
  afterLoss: 'drop',
  onUnproven: 'origin',
  onUnreachable: 'fail',
  journalLength: 64,
  latencyMs: 0.4,
  originMs: 3,
};

/** The options of one cache; the outbox is the cluster's. */
export function optionsOf(setup: Setup, name: string): CacheOptions {
  const { outbox, journalLength, latencyMs, originMs, ...options } = setup;
  return { redisUrl: 'redis://simulated', name, ...options };
}
