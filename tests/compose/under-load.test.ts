/**
 * The cluster of docker-compose.yml, black box: only its public port and `docker compose` are used. While it is scaled
 * 3 -> 6 -> 2 under reads and writes no request fails, nginx finds every new replica and leaves those that are gone
 * within 3 s, and no promise is broken; killing Redis with its data and starting it again breaks none either.
 *
 * Control: the textbook cache in the same containers serves what is older than S after the same killing.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ask, header } from '../lib/client.ts';
import { type Composed, startComposed } from '../lib/composed.ts';
import { refusedFor } from '../lib/refused-for.ts';
import { verdictOn } from '../lib/verdict.ts';
import { Workload } from '../lib/workload.ts';

const BOUND_MS = 1_000;
const FOUND_MS = 3_000;
/** When each of six replicas has had its turn at nginx, three times over. */
const TURNS = 18;
const WRITES_AGAIN_MS = 5_000;
/** How often it is scaled to one replica. */
const ROUNDS = 3;
/** So many products of a load's own: a history begins with products as they were seeded. */
const PRODUCTS = 400;
const noEngine = inject('engineProblem') !== null;

function loadOn({ url }: Composed, seed: number): Workload {
  const levels = ['bounded', 'bounded', 'strong'] as const;
  const products = Array.from({ length: PRODUCTS }, (_, index) => 1 + seed * PRODUCTS + index);
  return new Workload({ targets: [url], products, clients: 4, levels, seed, writes: 0.1 });
}

async function more(load: Workload, operations: number): Promise<void> {
  const enough = load.begun + operations;
  await expect.poll(() => load.begun, { timeout: 200_000 }).toBeGreaterThan(enough);
}

/** Replicas that have answered operations begun at or after `since` (ms on the load's clock). */
function answeredBy(load: Workload, since: number): string[] {
  const names = load.history.filter(({ start }) => start >= since).map(({ replica = '' }) => replica);
  return [...new Set(names)].sort();
}

/** When each replica began to listen, ms on the load's clock, as its log says. */
async function listeningSince({ compose }: Composed): Promise<ReadonlyMap<string, number>> {
  const lines = (await compose.run(['logs', '--no-log-prefix', 'api'])).split('\n');
  const told = lines.filter((line) => line.includes('"listening"')).map((line) => JSON.parse(line));
  return new Map(told.map(({ name, time }) => [name, time - performance.timeOrigin]));
}

async function killRedis({ compose }: Composed): Promise<void> {
  await compose.run(['kill', 'redis']);
  await compose.run(['up', '-d', 'redis']);
}

describe.skipIf(noEngine)('guarded', () => {
  let cluster: Composed;
  beforeAll(async () => {
    cluster = await startComposed('guarded');
  });
  afterAll(() => cluster?.remove());

  test('3 -> 6 -> 2: nobody notices, nginx follows, and every promise is kept', async () => {
    const load = loadOn(cluster, 1);
    await more(load, 500);
    await cluster.scale(6);
    await expect.poll(() => answeredBy(load, 0).length).toBe(6);
    const listening = await listeningSince(cluster);
    for (const name of ['api-4', 'api-5', 'api-6']) {
      const first = load.history.find(({ replica }) => replica === name)?.start ?? Number.POSITIVE_INFINITY;
      const since = listening.get(name) ?? Number.NEGATIVE_INFINITY;
      console.log(`${name} was asked its first request ${Math.round(first - since)} ms after it began to listen`);
      // Those that were begun later and went to others: on a busy machine we may be late to ask.
      const passedBy = load.history.filter(({ start }) => start > since + FOUND_MS && start < first);
      expect(passedBy.length).toBeLessThan(TURNS);
    }
    await more(load, 500);
    await cluster.scale(2);
    const gone = performance.now();
    await expect.poll(() => performance.now() - gone, { timeout: 2 * FOUND_MS }).toBeGreaterThan(FOUND_MS);
    const since = performance.now();
    await more(load, 500);
    await load.finish();
    const verdict = verdictOn('compose, 3 -> 6 -> 2', load.history, BOUND_MS);
    expect(answeredBy(load, since)).toEqual(['api-1', 'api-2']);
    expect(load.reads.unanswered).toBe(0);
    expect(verdict).toMatchObject({
      outcome: 'held',
      violations: [],
      unknown: { reads: 0, writes: 0 },
      failed: { writes: 0 },
    });
  });

  // For nginx a list of one is another matter: whoever was on the way to one that is gone is shown no other.
  test('to 1 and back to 3, again and again: nobody notices', async () => {
    const load = loadOn(cluster, 4);
    for (let round = 0; round < ROUNDS; round++) {
      await cluster.scale(3);
      const since = performance.now();
      await expect.poll(() => answeredBy(load, since).length).toBe(3);
      await cluster.scale(1);
      // Until the list has been made anew, and whoever had asked by the old one has been answered.
      const gone = performance.now();
      await expect.poll(() => performance.now() - gone, { timeout: 2 * FOUND_MS }).toBeGreaterThan(FOUND_MS);
    }
    await cluster.scale(3);
    await load.finish();
    const verdict = verdictOn('compose, to 1 and back to 3', load.history, BOUND_MS);
    expect(load.reads.unanswered).toBe(0);
    expect(verdict).toMatchObject({ violations: [], unknown: { reads: 0, writes: 0 }, failed: { writes: 0 } });
  });

  test('Redis killed and started again: every promise is kept, and writes are accepted within 5 s', async () => {
    await cluster.scale(3);
    const load = loadOn(cluster, 2);
    await more(load, 1_000);
    await killRedis(cluster);
    const refusedMs = await refusedFor(`${cluster.url}/products/9000`, performance.now());
    console.log(`a write was last refused ${Math.round(refusedMs)} ms after compose had started Redis`);
    expect(refusedMs).toBeLessThan(WRITES_AGAIN_MS);
    await more(load, 1_000);
    await load.finish();
    const verdict = verdictOn('compose, Redis killed', load.history, BOUND_MS);
    expect(verdict.violations).toEqual([]);
    expect(load.reads.unanswered).toBe(0);
    const tier = async () => header(await ask(`${cluster.url}/products/9000`), 'x-cache');
    await expect.poll(tier).toBe('L1');
  });
});

describe.skipIf(noEngine)('control: textbook', () => {
  let cluster: Composed;
  beforeAll(async () => {
    cluster = await startComposed('naive', { CACHE_PROTOCOL: 'naive' });
  });
  afterAll(() => cluster?.remove());

  test('Redis killed: what is older than S is served', async () => {
    const load = loadOn(cluster, 3);
    await more(load, 1_000);
    await killRedis(cluster);
    await more(load, 4_000);
    await load.finish();
    const verdict = verdictOn('compose, textbook, Redis killed', load.history, BOUND_MS);
    expect(verdict.levels.bounded.violations).toBeGreaterThan(0);
  });
});
