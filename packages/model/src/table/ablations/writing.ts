import { inherited, writing } from '../cores.ts';
import { type Ablation, MUTATE, NARROW, PLAIN, STRONG } from './scopes.ts';

/** Marks, epochs, and what a write waits for. */
export const WRITING: readonly Ablation[] = [
  {
    without: 'several writers in one mark',
    scope: { ...STRONG, writers: [...MUTATE, ...MUTATE], without: { redis: { markWriters: true } } },
    within: 20,
  },
  {
    without: 'the quarantine of a new epoch [5]',
    scope: { ...STRONG, writers: MUTATE, faults: { flush: 1 }, without: { redis: { quarantine: true } } },
    within: 18,
  },
  {
    without: 'the fallback of UNMARK',
    scope: {
      ...STRONG,
      property: 'convergence',
      writers: MUTATE,
      faults: { brokenA5: true },
      without: { redis: { fallback: true } },
    },
    within: 14,
  },
  {
    without: 'master_replid in the identity of a history [9]',
    scope: {
      ...NARROW,
      property: 'convergence',
      writers: PLAIN,
      faults: { failover: 'deposed', failBack: 'promoted' },
      without: { redis: { replid: true } },
    },
    within: 16,
  },
  {
    without: 'the wait of linearizable writes',
    scope: { ...NARROW, property: 'linearizable', writers: MUTATE, without: writing({ wait: notWaited }) },
    within: 14,
  },
  {
    without: 'keeping the row of a replica as long as its beat proves something',
    scope: {
      ...NARROW,
      property: 'linearizable',
      writers: MUTATE,
      faults: { rowRemovals: 1 },
      without: { driver: { rowOutlivesProofs: true } },
    },
    within: 16,
  },
  {
    without: 'the whole wait in a young epoch',
    scope: {
      ...NARROW,
      property: 'linearizable',
      writers: MUTATE,
      faults: { flush: 1 },
      without: writing({ wait: waitedForListed }),
    },
    within: 18,
  },
];

function notWaited(this: { waited(now: number): unknown }, _reply: object, now: number): unknown {
  return this.waited(now);
}

function waitedForListed(this: object, reply: object, now: number): unknown {
  return inherited(this, 'wait', { ...reply, quarantineMs: 0 }, now);
}
