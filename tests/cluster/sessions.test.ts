/**
 * Clients that hop between replicas with their token read their own writes and never go back, while subscriptions are killed and
 * Redis is killed under them, once with its data and once without: 100,000 reads. And with linearizable writes what L1
 * answers is linearizable per product.
 *
 * Controls: the same clients without tokens do go back; without linearizable writes L1 is not linearizable.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { judge } from '@lockstep/history';
import { afterEach, expect, test } from 'vitest';
import { expectConvergence } from '../lib/convergence.ts';
import { urlsOf } from '../lib/internals.ts';
import { killSubscribers } from '../lib/nemesis.ts';
import { verdictOn } from '../lib/verdict.ts';
import { Workload, type WorkloadOptions } from '../lib/workload.ts';

const BOUND_MS = 1_000;
const BEAT_MS = BOUND_MS / 4;
const DOWN_MS = 1_000;
const READS = 100_000;
/** A second or two of what one cluster answers here. */
const SOME = 4_000;
const PRODUCTS = Array.from({ length: 40 }, (_, index) => index + 1);
/**
 * For controls: what is written has to be read before the next beat, so there must not be more products than a slow machine
 * reads between two of them.
 */
const FEW = PRODUCTS.slice(0, 4);
const PATIENCE = { timeout: 300_000, interval: 50 };

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(more: Parameters<typeof startCluster>[0] = {}): Promise<Cluster> {
  cluster = await startCluster({ stalenessMs: BOUND_MS, ...more, env: { LOG_LEVEL: 'error' } });
  return cluster;
}

/** Straight to the replicas, each operation to another one: nginx would spread them the same, at twice the cost. */
async function load(running: Cluster, more: Partial<WorkloadOptions>): Promise<Workload> {
  const targets = urlsOf(await running.status());
  return new Workload({ targets, products: PRODUCTS, clients: 16, levels: ['session'], seed: 3, writes: 0.1, ...more });
}

const begun = (running: Workload, operations: number) =>
  expect.poll(() => running.begun, PATIENCE).toBeGreaterThan(operations);

const namesIn = ({ history }: Workload) => new Set(history.map(({ client }) => client));

test('100,000 reads of hopping sessions, subscriptions killed and Redis killed twice: none goes back', async () => {
  const running = await start();
  const { redis } = await running.status();
  const sessions = await load(running, {});
  const nemesis = killSubscribers(redis.url ?? '', 200);
  await begun(sessions, 0.3 * READS);
  await nemesis.end();
  const untroubled = sessions.history.length;
  await running.restart('redis', { kill: true, downMs: DOWN_MS });
  await begun(sessions, 0.6 * READS);
  await running.restart('redis', { kill: true, loseData: true, downMs: DOWN_MS });
  await expect.poll(() => sessions.reads.begun, PATIENCE).toBeGreaterThan(READS);
  await sessions.finish();
  const verdict = verdictOn('sessions', sessions.history, BOUND_MS);
  expect(verdict.violations).toEqual([]);
  expect(verdict.levels.session.reads).toBeGreaterThan(0.99 * READS);
  expect(nemesis.strikes).toBeGreaterThan(10);
  // A token costs nothing while nothing happens to Redis: most of it comes from L1 all the same. Of the rest more is read past
  // the cache the faster the machine is, as Redis is away, and the quarantine lasts, for seconds.
  const hits = sessions.history.slice(0, untroubled).filter(({ tier }) => tier === 'L1');
  console.log(`${hits.length} of the first ${untroubled} operations were answered by L1`);
  expect(hits.length).toBeGreaterThan(0.3 * untroubled);
  await expectConvergence(await running.status(), PRODUCTS, BOUND_MS + BEAT_MS);
}, 1_000_000);

test('control: without a token clients go back, while nobody hears of a write before the next beat', async () => {
  const running = await start({ links: true });
  const names = (await running.status()).replicas.map(({ name }) => name);
  await Promise.all(names.map((name) => running.link(name, 'bus').fail({ kind: 'blackhole' })));
  const clients = await load(running, { levels: ['bounded'], products: FEW });
  await begun(clients, SOME);
  await clients.finish();
  const asSessions = judge(clients.history, { boundMs: BOUND_MS, initial: 1, level: 'session' });
  expect(asSessions.violationCount).toBeGreaterThan(0);
  const sessions = await load(running, { seed: 4, products: FEW });
  await begun(sessions, SOME);
  await sessions.finish();
  // None of them is the other's continuation: whose token it never had it must not be held to.
  expect([...namesIn(clients)].filter((name) => namesIn(sessions).has(name))).toEqual([]);
  const known = judge([...clients.history, ...sessions.history], { boundMs: BOUND_MS, initial: 1 });
  expect(known.violations).toEqual([]);
});

/** Strong or bounded reads while one replica hears of writes at its next beat only. */
async function oneDeaf(running: Cluster, level: 'bounded' | 'strong', products = PRODUCTS): Promise<Workload> {
  await running.link('api-2', 'bus').fail({ kind: 'blackhole' });
  const reads = await load(running, { levels: [level], products, writes: 0.05 });
  await begun(reads, 2 * SOME);
  await reads.finish();
  return reads;
}

test('linearizable writes: what L1 answers to strong readers is linearizable, with a replica whose bus is deaf', async () => {
  const running = await start({ writes: 'linearizable', links: true });
  const { history } = await oneDeaf(running, 'strong');
  const verdict = verdictOn('linearizable writes', history, BOUND_MS);
  expect(verdict.violations).toEqual([]);
  const hits = history.filter(({ kind, tier }) => kind === 'read' && tier === 'L1');
  expect(hits.length).toBeGreaterThan(SOME / 2);
  expect(hits.some(({ replica }) => replica === 'api-2')).toBe(true);
});

test('control: with bounded writes the same replica answers what is over', async () => {
  const { history } = await oneDeaf(await start({ links: true }), 'bounded', FEW);
  expect(judge(history, { boundMs: BOUND_MS, initial: 1, level: 'strong' }).violationCount).toBeGreaterThan(0);
});
