/**
 * Coherence does not cost the cache its use: 2,000 warm products, Zipf reads (s = 0.99), 5 % writes spread evenly over
 * the same products, 8,000 operations through nginx; loads and bypasses stay below 5 % of the reads.
 *
 * Control: counted the same way, the same reads without a cache (strong lists of one, which are never cached) are all
 * bypasses, so the counters do see them.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { seeded, zipf } from '@lockstep/traffic/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../lib/client.ts';
import { total } from '../lib/internals.ts';
import { LONG_BOUND } from '../lib/long-bound.ts';

const PRODUCTS = 2_000;
const OPERATIONS = 8_000;
const CLIENTS = 16;
const WRITES = 0.05;
const LIMIT = 0.05;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster(LONG_BOUND);
});

afterAll(() => cluster.stop());

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
}

test('reads of warm products seldom reach the origin', async () => {
  const status = await cluster.status();
  await inParallel(PRODUCTS, async (index) => {
    expect((await ask(`${cluster.url}/products/${index + 1}`)).status).toBe(200);
  });
  const random = seeded(99);
  const rank = zipf(random, PRODUCTS, 0.99);
  const before = await total(status, 'loads', 'bypasses');
  let reads = 0;
  await inParallel(OPERATIONS, async () => {
    const writes = random() < WRITES;
    const id = 1 + (writes ? Math.floor(random() * PRODUCTS) : rank());
    if (!writes) reads++;
    const question = writes ? { method: 'PATCH', json: { priceCents: Math.floor(random() * 10_000) } } : {};
    expect((await ask(`${cluster.url}/products/${id}`, question)).status).toBe(200);
  });
  const missed = (await total(status, 'loads', 'bypasses')) - before;
  console.log(`${reads} reads, ${missed} of them reached the origin (${((100 * missed) / reads).toFixed(2)} %)`);
  expect(missed / reads).toBeLessThan(LIMIT);
});

test('control: reads that no cache may answer are counted', async () => {
  const status = await cluster.status();
  const before = await total(status, 'loads', 'bypasses');
  await inParallel(100, async (index) => {
    const url = `${cluster.url}/products?limit=1&after=${index}`;
    expect((await ask(url, { headers: { consistency: 'strong' } })).status).toBe(200);
  });
  expect((await total(status, 'loads', 'bypasses')) - before).toBe(100);
});
