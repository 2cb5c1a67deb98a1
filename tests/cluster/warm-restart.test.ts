/**
 * A replica that is killed comes back with an empty L1 and a warm L2: it serves what its neighbours have loaded without
 * asking the origin once.
 *
 * Control: with L2 emptied under it, the very same reads do go to the origin.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisSays } from '../../packages/cluster/test/redis-says.ts';
import { ask, header } from '../lib/client.ts';
import { report } from '../lib/internals.ts';
import { LONG_BOUND } from '../lib/long-bound.ts';

const READERS = 16;
const PRODUCTS = Array.from({ length: 300 }, (_, index) => index + 1);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster(LONG_BOUND);
});

afterAll(() => cluster.stop());

async function tiersOf(replica: number): Promise<Record<string, number>> {
  const { url } = (await cluster.status()).replicas[replica] ?? {};
  const tiers: Record<string, number> = {};
  const left = [...PRODUCTS];
  const reader = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const answer = await ask(`${url}/products/${id}`);
      const tier = `${answer.status} ${header(answer, 'x-cache')}`;
      tiers[tier] = (tiers[tier] ?? 0) + 1;
    }
  };
  // Few at a time: of three hundred that come at once, one who gets on with none of them turns most away.
  await Promise.all(Array.from({ length: READERS }, reader));
  return tiers;
}

test('a killed replica is warm again from L2', async () => {
  expect(await tiersOf(0)).toEqual({ '200 ORIGIN': PRODUCTS.length });
  await cluster.restart('api-2', { kill: true });
  expect(await tiersOf(1)).toEqual({ '200 L2': PRODUCTS.length });
  expect(await tiersOf(1)).toEqual({ '200 L1': PRODUCTS.length });
  const { counters } = await report((await cluster.status()).replicas[1]?.internal ?? null);
  expect(counters).toMatchObject({ loads: 0, bypasses: 0, l2Hits: PRODUCTS.length, l1Hits: PRODUCTS.length });
});

test('control: without L2 it would have loaded', async () => {
  const { redis } = await cluster.status();
  await cluster.restart('api-2', { kill: true });
  await redisSays(redis.url ?? '', 'FLUSHALL');
  const tiers = await tiersOf(1);
  expect(tiers['200 L2']).toBeUndefined();
});
