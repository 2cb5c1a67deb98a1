import type { Scenario } from './scenario.ts';

const UNSURE = { aborted: 0.03, unknown: 0.04, 'unknown, rolled back': 0.03 } as const;
const DYING = { ...UNSURE, dies: 0.12 } as const;
const PSQL_KEYS = ['m0', 'm1', 'u0', 'u1', 'q0'];

/** Every kind of trouble that is simulated, the mild ones first. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'calm',
    about: 'nothing fails, reads prevail: all levels, lists by tag, keys of set, writes past the cache',
    mix: { mutate: 0.02, invalidate: 0.005, set: 0.005, find: 0.03, keys: ['m0', 'u0', 'p0'] },
  },
  {
    name: 'lossy bus',
    about: 'the bus loses, delays and goes half-open; commits whose outcome nobody tells',
    mix: { mutate: 0.08, invalidate: 0.02, set: 0.02, find: 0.05, keys: ['m0', 'u0', 'u1', 'p0'], fates: UNSURE },
    faults: (m) => m.some(4, m.lossyBus, m.busHole, m.slowBus, m.cutBus),
  },
  {
    name: 'links',
    about: 'command connections break, slow down or go half-open',
    mix: { mutate: 0.1, set: 0.02, find: 0.05, fates: UNSURE },
    faults: (m) =>
      m.some(4, m.cut, m.hole, m.slowLink, m.lateProof, m.slowWriter, m.lossyBus, m.slowOrigin, m.failingOrigin),
  },
  {
    name: 'pauses',
    about: 'event loops that stand still, processes that crash or are replaced, and a Redis that stalls',
    mix: { mutate: 0.1, set: 0.02, find: 0.05, fates: DYING },
    faults: (m) => m.some(4, m.pause, m.deafPause, m.deafPause, m.crash, m.replace, m.stall, m.lossyBus, m.slowOrigin),
  },
  {
    name: 'restarts',
    about: 'Redis restarts with its data, without, or without the last of it; FLUSHALL; eviction',
    mix: { mutate: 0.1, set: 0.04, find: 0.08, fates: DYING },
    faults: (m) =>
      m.some(3, m.restart, m.lossyRestart, m.flush, m.flushUnderWrites, m.lose, m.evict, m.cut, m.pause, m.slowBus),
    loses: true,
  },
  {
    name: 'failover',
    about: 'a failover that loses the last writes, with D = 0: the deposed primary answers plain GETs only',
    mix: { mutate: 0.1, set: 0.03, find: 0.05, fates: DYING },
    faults: (m) => {
      m.failover(0);
      m.some(2, m.slowBus, m.cut, m.pause, m.evict, m.slowLink);
    },
    loses: true,
  },
  {
    name: 'split brain',
    about: 'a failover with D > 0: two primaries accept writes for a while',
    setup: (random) => ({ failoverMs: Math.round(random.between(100, 800)) }),
    mix: { mutate: 0.1, fates: UNSURE },
    faults: (m, { failoverMs }) => {
      m.failover(failoverMs);
      m.some(2, m.slowBus, m.cut, m.pause, m.evict);
    },
    loses: true,
  },
  {
    name: 'partitions',
    about: 'four histories, tags in every one of them, writes of several keys',
    setup: () => ({ partitions: 4 }),
    mix: { mutate: 0.1, keysTogether: 0.4, fates: UNSURE },
    faults: (m) => m.some(4, m.lossyBus, m.cut, m.pause, m.restart, m.evict, m.hole, m.slowBus),
    loses: true,
  },
  {
    name: 'linearizable',
    about: 'writes that wait for every L1: hits of L1 are linearizable',
    setup: () => ({ writes: 'linearizable', commitLimitMs: 150 }),
    mix: { mutate: 0.06, strong: 0.7, fates: UNSURE },
    faults: (m) => m.some(3, m.lossyBus, m.slowBus, m.pause, m.cut, m.hole, m.crash, m.restart, m.flush, m.slowLink),
    loses: true,
  },
  {
    name: 'linearizable failover',
    about: 'the same across failovers with D = 0',
    setup: () => ({ writes: 'linearizable', commitLimitMs: 150 }),
    mix: { mutate: 0.06, strong: 0.7, fates: UNSURE },
    faults: (m) => {
      m.failover(0);
      m.some(2, m.lossyBus, m.slowBus, m.pause, m.cut);
    },
    loses: true,
  },
  {
    name: 'psql',
    about: 'the outbox: writers that never heard of the cache, and writers that die between commit and UNMARK',
    setup: () => ({ outbox: true }),
    mix: { mutate: 0.08, psql: 0.04, fates: DYING, keys: PSQL_KEYS },
    faults: (m) => m.some(3, m.lossyBus, m.slowBus, m.pause, m.crash, m.cut, m.hole, m.slowOrigin, m.failingOrigin),
  },
  {
    name: 'proved loss',
    about: 'the outbox through restarts with loss, failovers and split brain: every commit counts, acknowledged or not',
    setup: (random) => ({ outbox: true, failoverMs: random.pick([0, 400]) }),
    mix: { mutate: 0.08, psql: 0.04, fates: DYING, keys: PSQL_KEYS },
    faults: (m, { failoverMs }) => {
      m.some(2, m.restart, m.flush, (one) => one.failover(failoverMs));
      m.some(2, m.pause, m.crash, m.cut, m.slowBus, m.evict);
    },
    loses: true,
  },
  {
    name: 'unproven',
    about: 'no proof can be had: reads fail, or are labelled; writes are left to the outbox',
    setup: (random) => ({
      outbox: true,
      onUnproven: random.pick(['error', 'stale', 'origin'] as const),
      onUnreachable: random.pick(['fail', 'outbox'] as const),
    }),
    mix: { mutate: 0.1, psql: 0.04, fates: DYING, keys: PSQL_KEYS },
    faults: (m) => m.some(4, m.failingOrigin, m.failingOrigin, m.hole, m.stall, m.cut, m.restart, m.pause),
    loses: true,
  },
  {
    name: 'repair',
    about: 'after a loss L2 is repaired from the outbox, and kept',
    setup: () => ({ outbox: true, afterLoss: 'repair' }),
    mix: { mutate: 0.08, psql: 0.03, set: 0.03, find: 0.06, fates: DYING, keys: PSQL_KEYS },
    faults: (m) => {
      m.some(2, m.restart, m.lossyRestart, (one) => one.failover(0));
      m.some(2, m.pause, m.crash, m.cut, m.slowBus, m.lossyBus);
    },
    loses: true,
  },
  {
    name: 'storm',
    about: 'all of it at once',
    setup: (random) => ({
      outbox: random.chance(0.5),
      partitions: random.pick([1, 2]),
      l1MaxEntries: random.pick([2, 64]),
      journalLength: random.pick([3, 64]),
      l1TtlMs: random.pick([300, 60_000]),
      l2TtlMs: random.pick([400, 300_000]),
      loads: random.pick([1, 16]),
      latencyMs: random.pick([0.2, 1, 4]),
    }),
    mix: { mutate: 0.12, set: 0.02, find: 0.03, fates: UNSURE, keysTogether: 0.2 },
    faults: (m) => {
      m.some(3, m.restart, m.flush, m.evict, m.lose, m.lose, m.empty, (one) => one.failover(0));
      m.some(4, m.pause, m.crash, m.replace, m.cut, m.hole, m.stall, m.lossyBus, m.slowBus, m.slowLink, m.slowOrigin);
    },
    loses: true,
  },
];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
