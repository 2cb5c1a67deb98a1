/**
 * What the cache promises, under load, through nginx and through every replica: no read at level bounded is staler than
 * S, strong reads are linearizable per product. 10,000 alternating writes and reads, judged as one history, none of which is
 * refused or left in doubt; then the same while every subscription of every replica is killed each 50 ms, so that messages
 * are lost all the time. When it is over, every tier holds the origin's version or nothing within S and a beat.
 *
 * Control: the textbook cache under the same load with the same killings serves what is older than S, and keeps it.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterEach, expect, test } from 'vitest';
import { expectConvergence } from '../lib/convergence.ts';
import { urlsOf } from '../lib/internals.ts';
import { LONG_BOUND } from '../lib/long-bound.ts';
import { killSubscribers } from '../lib/nemesis.ts';
import { verdictOn } from '../lib/verdict.ts';
import { Workload } from '../lib/workload.ts';

const OPERATIONS = 10_000;
const KILL_EVERY_MS = 50;
const BOUND_MS = 1_000;
const BEAT_MS = BOUND_MS / 4;
const PRODUCTS = Array.from({ length: 400 }, (_, index) => index + 1);

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const SHORT_BOUND = { stalenessMs: BOUND_MS, env: { LOG_LEVEL: 'warn' } } as const;

async function startLoad(
  protocol: 'guarded' | 'naive',
  seed: number,
  bound: Parameters<typeof startCluster>[0] = SHORT_BOUND,
): Promise<Workload> {
  cluster = await startCluster({ protocol, ...bound });
  const targets = [cluster.url, ...urlsOf(await cluster.status())];
  return new Workload({ targets, products: PRODUCTS, clients: 16, levels: ['bounded', 'bounded', 'strong'], seed });
}

/** Within S and a beat from now. */
async function expectAllConverged(): Promise<void> {
  const status = await cluster?.status();
  if (status === undefined) throw new Error('no cluster runs');
  await expectConvergence(status, PRODUCTS, BOUND_MS + BEAT_MS);
}

async function redisUrl(): Promise<string> {
  return (await cluster?.status())?.redis.url ?? '';
}

test('guarded: within the bound, and strong reads linearizable', async () => {
  const load = await startLoad('guarded', 1);
  await load.finishAfter(OPERATIONS);
  const verdict = verdictOn('guarded', load.history, BOUND_MS);
  expect(verdict.violations).toEqual([]);
  expect(load.reads.unanswered).toBe(0);
  expect(verdict.outcome).toBe('held');
  expect(verdict.reads).toBeGreaterThan(OPERATIONS / 3);
  await expectAllConverged();
});

// A write is refused, or left in doubt, as it should be, when Redis does not answer for as long as the bound: no stall is
// longer than this one.
test('guarded, with a long bound: no write is refused, and none is left in doubt', async () => {
  const load = await startLoad('guarded', 1, LONG_BOUND);
  await load.finishAfter(OPERATIONS);
  const verdict = verdictOn('guarded, with a long bound', load.history, LONG_BOUND.stalenessMs);
  expect(verdict.violations).toEqual([]);
  expect(load.reads.unanswered).toBe(0);
  expect(verdict).toMatchObject({ outcome: 'held', unknown: { reads: 0, writes: 0 }, failed: { writes: 0 } });
});

test('guarded, every subscription killed each 50 ms: the same', async () => {
  const load = await startLoad('guarded', 2);
  const nemesis = killSubscribers(await redisUrl(), KILL_EVERY_MS);
  await load.finishAfter(OPERATIONS);
  await nemesis.end();
  const verdict = verdictOn(`guarded, ${nemesis.strikes} subscriptions killed`, load.history, BOUND_MS);
  expect(nemesis.strikes).toBeGreaterThan(30);
  expect(verdict.violations).toEqual([]);
  expect(load.reads.unanswered).toBe(0);
  await expectAllConverged();
});

test('control, textbook, every subscription killed each 50 ms: stale beyond the bound', async () => {
  const load = await startLoad('naive', 3);
  const nemesis = killSubscribers(await redisUrl(), KILL_EVERY_MS);
  await load.finishAfter(OPERATIONS);
  await nemesis.end();
  const verdict = verdictOn(`textbook, ${nemesis.strikes} subscriptions killed`, load.history, BOUND_MS);
  expect(verdict.levels.bounded.violations).toBeGreaterThan(0);
  await expect(expectAllConverged()).rejects.toThrow();
});
