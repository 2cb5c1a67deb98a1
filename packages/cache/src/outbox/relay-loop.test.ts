/** When the relay works, when it waits, and what it does when it is not needed, not heard, or has too much to do. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RELAY_ROWS } from '../core/limits.ts';
import { Partition } from '../core/partition.ts';
import type { EpochReply, ProbeReply } from '../core/replies.ts';
import { newCounters } from '../counters.ts';
import type { Engine } from '../engine.ts';
import { LruStore } from '../l1/lru.ts';
import { REAL_TIME } from '../time.ts';
import type { Outbox, OutboxRound, Purge } from './outbox.ts';
import { RelayLoop } from './relay-loop.ts';

const RELAY_MS = 100;
const S_MS = 1_000;
const PROBE: ProbeReply = { is: 'probe', clock: 5, probe: 3, base: 2, previous: 'e0', quarantineMs: 0, blessed: 'e0' };
const EPOCH: EpochReply = { is: 'epoch', epoch: 'e1', clock: 0, past: ['e0'], since: 0, now: 0 };

/** What the origin holds, and how it answers. */
class TestOutbox implements Outbox {
  rows: string[] = [];
  limits: number[] = [];
  rounds = 0;
  purges: Purge[] = [];
  purged = 0;
  busy = false;
  down = false;
  marksLost = false;
  hold: Promise<void> | undefined;

  async round(_limitMs: number, work: (round: OutboxRound) => Promise<void>): Promise<void> {
    this.rounds++;
    await this.hold;
    if (this.down) throw new Error('the origin is gone');
    const done = new Set<string>();
    await work({
      pending: async (_partition, _query, limit) => {
        this.limits.push(limit);
        if (this.busy) return 'busy';
        const rows = this.rows.slice(0, limit).map((id) => ({ id, key: `k${id}`, tags: [] }));
        return { rows, complete: rows.length === this.rows.length };
      },
      undone: async (_partition, _epoch, ids) => ids.filter((id) => this.rows.includes(id)),
      done: (_partition, _epoch, marks) => {
        for (const id of marks.flatMap(({ ids }) => ids)) done.add(id);
      },
    });
    if (done.size > 0 && this.marksLost) throw new Error('the marks are lost');
    this.rows = this.rows.filter((id) => !done.has(id));
  }

  async doneBy(): Promise<void> {}

  async purge(purge: Purge): Promise<number> {
    this.purges.push(purge);
    return this.purged;
  }
}

let outbox: TestOutbox;
let loop: RelayLoop;
let counters: ReturnType<typeof newCounters>;
let probe: ProbeReply;
let proved: number;
let invalidated: string[];

function unit(index: number) {
  const partition = new Partition({ index, stalenessMs: S_MS, l1: new LruStore(1), proof: 'origin' });
  partition.offered(partition.sending(0), EPOCH);
  const sent = () => partition.sending(0);
  const requests = {
    probe: async () => ({ sent: sent(), reply: probe }),
    invalidate: async ({ keys }: { keys: readonly string[] }) => {
      invalidated.push(...keys);
      return { sent: sent(), reply: { is: 'ok', clock: 6 } };
    },
    prove: async () => {
      proved++;
      return { sent: sent(), reply: { is: 'ok', clock: 6 } };
    },
    bless: async () => ({ sent: sent(), reply: { is: 'ok', clock: 6 } }),
  };
  return { partition, requests };
}

function start(settings: object = {}, partitions = 1): void {
  const units = Array.from({ length: partitions }, (_, index) => unit(index));
  const engine = {
    settings: {
      name: 'test',
      stalenessMs: S_MS,
      relayMs: RELAY_MS,
      afterLoss: 'drop',
      commitLimitMs: 2_000,
      writes: 'bounded',
      failoverMs: 0,
      loadLimitMs: 5_000,
      l2TtlMs: 300_000,
      ...settings,
    },
    units,
    // Every key lives in the first one.
    unitOf: () => units[0],
    counters,
    time: { ...REAL_TIME, now: () => Date.now() },
    random: () => 0,
  };
  loop = new RelayLoop(engine as unknown as Engine, outbox);
  loop.start();
}

beforeEach(() => {
  vi.useFakeTimers();
  outbox = new TestOutbox();
  counters = newCounters();
  probe = PROBE;
  proved = 0;
  invalidated = [];
});

afterEach(async () => {
  const stopped = loop.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('proves once in each period, and invalidates what it finds', async () => {
  start();
  await pass(RELAY_MS * 5 - 1);
  expect([proved, counters.relayRounds]).toEqual([5, 5]);
  outbox.rows = ['1', '2'];
  await pass(RELAY_MS * 2);
  expect(invalidated).toEqual(['k1', 'k2']);
  expect(counters.relayed).toBe(2);
  expect(counters.relayFailures).toBe(0);
});

test('leaves out what a writer marks while it pauses', async () => {
  start();
  outbox.rows = ['1', '2'];
  await pass(1);
  outbox.rows = ['2'];
  await pass(2 * RELAY_MS);
  expect(invalidated).toEqual(['k2']);
});

test('pauses no longer than the writers need', async () => {
  start();
  outbox.rows = ['1', '2'];
  await pass(1);
  outbox.rows = [];
  await pass(50);
  expect([invalidated, proved]).toEqual([[], 1]);
});

test('goes on at once when there is more than a round takes, and proves only when all of it is done', async () => {
  outbox.rows = Array.from({ length: 2 * RELAY_ROWS + 1 }, (_, n) => String(n));
  start();
  // Two pauses of one look and one of three, and nothing between them.
  await pass((2 + 3) * 50);
  expect(outbox.rows).toEqual([]);
  expect(proved).toBe(1);
});

test('pauses once for all partitions, and proves each of them', async () => {
  start({}, 16);
  outbox.rows = ['1'];
  await pass(3 * 50);
  expect(proved).toBe(16);
  expect(invalidated).toEqual(['k1']);
  expect([counters.relayRounds, outbox.rounds]).toEqual([1, 1]);
});

test('one round at a time, however long it takes', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  outbox.hold = promise;
  start();
  await pass(20 * RELAY_MS);
  expect(outbox.rounds).toBe(1);
  resolve();
  await pass(RELAY_MS);
  expect(outbox.rounds).toBe(2);
});

test('proves all the same when its marks get lost, and says so', async () => {
  outbox.marksLost = true;
  outbox.rows = ['1'];
  start();
  await pass(RELAY_MS * 5);
  expect(proved).toBeGreaterThan(1);
  expect(invalidated.length).toBeGreaterThan(1);
});

describe('backs off', () => {
  test('when the origin is gone, up to a quarter of S, with smaller rounds; and is back at once with it', async () => {
    outbox.down = true;
    start();
    await pass(10_000);
    expect(outbox.rounds).toBeLessThanOrEqual(45);
    expect(outbox.rounds).toBeGreaterThanOrEqual(38);
    expect(counters.relayFailures).toBe(outbox.rounds);
    outbox.down = false;
    await pass(S_MS / 4);
    expect(proved).toBeGreaterThanOrEqual(1);
    expect(outbox.limits[0]).toBe(50);
    await pass(20 * RELAY_MS);
    expect(outbox.limits.at(-1)).toBe(RELAY_ROWS);
  });

  test('when Redis does not answer', async () => {
    probe = { is: 'unreachable', error: new Error('nobody there') };
    start();
    await pass(10_000);
    expect(counters.relayFailures).toBeLessThanOrEqual(45);
    expect(counters.relayFailures).toBeGreaterThanOrEqual(38);
    // The origin is left alone.
    expect(outbox.rounds).toBe(0);
  });

  test('not when another relay is at work, which is no failure', async () => {
    outbox.busy = true;
    start();
    await pass(RELAY_MS * 10 - 1);
    expect(outbox.rounds).toBe(10);
    expect(counters.relayFailures).toBe(0);
    expect(proved).toBe(0);
  });
});

test('is there when the quarantine ends, if values of the epoch before wait for it', async () => {
  probe = { ...PROBE, quarantineMs: 30, blessed: null };
  start({ afterLoss: 'repair' });
  await pass(0);
  expect(outbox.rounds).toBe(1);
  await pass(30);
  expect(outbox.rounds).toBe(2);
});

test('removes old rows now and then, and goes on with it while there are many', async () => {
  start();
  await pass(4_900);
  expect(outbox.purges).toEqual([]);
  outbox.purged = 500;
  await pass(1_000);
  expect(outbox.purges.length).toBeGreaterThan(5);
  // S, the longest mark, its margin, the longest load and the longest life in L2.
  const ageMs = 1_000 + 3_000 + 500 + 5_000 + 300_000;
  expect(outbox.purges[0]).toEqual({ partitions: [0], ageMs, limit: 500 });
  outbox.purged = 0;
  await pass(RELAY_MS);
  outbox.purges = [];
  await pass(4_500);
  expect(outbox.purges.length).toBeLessThanOrEqual(1);
});

test('stopped it begins no round, and does not wait for one that hangs', async () => {
  outbox.hold = new Promise(() => undefined);
  start();
  await pass(0);
  let stopped = false;
  void loop.stop().then(() => {
    stopped = true;
  });
  await pass(500);
  expect(stopped).toBe(true);
  await pass(10 * RELAY_MS);
  expect(outbox.rounds).toBe(1);
});
