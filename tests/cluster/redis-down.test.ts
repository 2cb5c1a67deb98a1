/**
 * Redis is killed under load and stays down for 3 s, once with its data and once without: no read is staler than S and
 * strong reads stay linearizable, 99 % of the reads are answered, no write is applied that was refused, writes are
 * accepted within 5 s of Redis' return and L1 serves again once the quarantine is over.
 *
 * Control: the textbook cache commits while nobody can be told, and serves old values for as long as their TTL.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterEach, expect, test } from 'vitest';
import { redisSays } from '../../packages/cluster/test/redis-says.ts';
import { sql } from '../../packages/cluster/test/sql.ts';
import { expectConvergence } from '../lib/convergence.ts';
import { urlsOf } from '../lib/internals.ts';
import { refusedFor } from '../lib/refused-for.ts';
import { verdictOn } from '../lib/verdict.ts';
import { warmRead } from '../lib/warm-read.ts';
import { Workload } from '../lib/workload.ts';

const BOUND_MS = 1_000;
const BEAT_MS = BOUND_MS / 4;
const DOWN_MS = 3_000;
const ANSWERED = 0.99;
const WRITES_AGAIN_MS = 5_000;
const PRODUCTS = Array.from({ length: 400 }, (_, index) => index + 1);

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(protocol: 'guarded' | 'naive'): Promise<{ running: Cluster; load: Workload }> {
  const running = await startCluster({ protocol, stalenessMs: BOUND_MS, env: { LOG_LEVEL: 'error' } });
  cluster = running;
  const targets = [running.url, ...urlsOf(await running.status())];
  const load = new Workload({
    targets,
    products: PRODUCTS,
    clients: 12,
    levels: ['bounded', 'bounded', 'strong'],
    seed: 11,
    writes: 0.2,
  });
  return { running, load };
}

/** Resolves when so many more operations have been begun. */
async function more(load: Workload): Promise<void> {
  const enough = load.begun + 2_000;
  await expect.poll(() => load.begun, { timeout: 100_000 }).toBeGreaterThan(enough);
}

/** Versions begin at 1, so an acknowledged write is one step of its product's; those that are unknown may be one. */
async function expectNothingRefusedWasApplied(running: Cluster, load: Workload): Promise<void> {
  const rows = (await sql((await running.status()).postgres.url, 'SELECT id, version FROM products')) as {
    id: string;
    version: string;
  }[];
  const versions = new Map(rows.map(({ id, version }) => [`product:${id}`, Number(version)]));
  for (const id of PRODUCTS) {
    const key = `product:${id}`;
    const writes = load.history.filter((operation) => operation.kind === 'write' && operation.key === key);
    const acknowledged = writes.filter(({ outcome }) => outcome === 'ok').length;
    const unknown = writes.filter(({ outcome }) => outcome === 'unknown').length;
    const applied = (versions.get(key) ?? 0) - 1;
    expect(applied, key).toBeGreaterThanOrEqual(acknowledged);
    expect(applied, key).toBeLessThanOrEqual(acknowledged + unknown);
  }
}

test.each([
  ['with its data', false],
  ['without its data', true],
])('guarded: Redis killed %s, 3 s down under load', async (what, loseData) => {
  const { running, load } = await start('guarded');
  await more(load);
  await running.restart('redis', { kill: true, loseData, downMs: DOWN_MS });
  await more(load);
  await load.finish();
  const verdict = verdictOn(`guarded, Redis killed ${what}`, load.history, BOUND_MS);
  expect(verdict.violations).toEqual([]);
  const refused = load.history.filter(({ outcome }) => outcome === 'failed').length;
  console.log(`${load.reads.begun} reads, ${load.reads.unanswered} unanswered; ${refused} writes refused`);
  expect(1 - load.reads.unanswered / load.reads.begun).toBeGreaterThanOrEqual(ANSWERED);
  expect(refused).toBeGreaterThan(0);
  await expectNothingRefusedWasApplied(running, load);
  await expectConvergence(await running.status(), PRODUCTS, BOUND_MS + BEAT_MS);
});

/** Of the Redis that answers; another one after each start. */
async function runOf(url: string): Promise<string | undefined> {
  return /run_id:(\w+)/.exec(await redisSays(url, 'INFO server'))?.[1];
}

test('writes are accepted within 5 s of the return of Redis, and L1 serves when the quarantine is over', async () => {
  const running = await startCluster({ stalenessMs: BOUND_MS, env: { LOG_LEVEL: 'error' } });
  cluster = running;
  const status = await running.status();
  const redis = status.redis.url ?? '';
  const [first] = urlsOf(status);
  const former = await runOf(redis);
  const restarted = running.restart('redis', { kill: true });
  // Not from the order on: to end and start it takes the machine as long as it takes, and a write may come before that.
  await expect.poll(() => runOf(redis), { interval: 20 }).toMatch(new RegExp(`^(?!${former}$)`));
  expect(await refusedFor(`${first}/products/1`, performance.now())).toBeLessThan(WRITES_AGAIN_MS);
  await restarted;
  await warmRead(`${first}/products/1`);
});

test('control, textbook: writes while Redis is down, and old values after S', async () => {
  const { running, load } = await start('naive');
  await more(load);
  await running.restart('redis', { kill: true, downMs: DOWN_MS });
  // What was written meanwhile is read when it is older than S.
  await more(load);
  await load.finish();
  const verdict = verdictOn('textbook, Redis killed', load.history, BOUND_MS);
  expect(verdict.levels.bounded.violations).toBeGreaterThan(0);
});
