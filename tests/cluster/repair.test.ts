/**
 * Redis is killed and comes back with its data. What it held is suspect: `drop` loads all of it anew, `repair` invalidates
 * what the outbox says may have been missed and keeps the rest. After the quarantine the origin sees less than a tenth of
 * the loads then, and neither way is anything old served: not what was written before, nor by whom nobody heard meanwhile.
 *
 * The control is `drop` itself: the same run, where the loads are counted that `repair` is measured against.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterEach, expect, test } from 'vitest';
import { redisSays } from '../../packages/cluster/test/redis-says.ts';
import { sql } from '../../packages/cluster/test/sql.ts';
import { ask, versionOf } from '../lib/client.ts';
import { expectConvergence } from '../lib/convergence.ts';
import { total, urlsOf } from '../lib/internals.ts';
import { LONG_BOUND } from '../lib/long-bound.ts';

/** As the default bound would have it. */
const CONVERGED_MS = 1_250;
const PART = 0.1;
const PRODUCTS = Array.from({ length: 1_500 }, (_, index) => index + 1);
/** Written through the cache, and in SQL while Redis is down. */
const WRITTEN = [3, 4, 5];
const UNHEARD = [7, 8, 9];
const READERS = 16;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** Reads every product once, on one replica; resolves to the versions. */
async function sweep(url: string): Promise<Map<number, number | null>> {
  const versions = new Map<number, number | null>();
  const left = [...PRODUCTS];
  const reader = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      versions.set(id, versionOf(await ask(`${url}/products/${id}`)));
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  return versions;
}

/** What L2 holds is in force again when a relay has said so, which it does a moment after the quarantine has ended. */
async function blessed(redisUrl: string): Promise<void> {
  await expect.poll(() => redisSays(redisUrl, 'HEXISTS {lockstep:0}meta blessed')).toContain(':1');
}

async function loadsAfterLoss(afterLoss: 'drop' | 'repair'): Promise<number> {
  const running = await startCluster({ ...LONG_BOUND, env: { ...LONG_BOUND.env, CACHE_AFTER_LOSS: afterLoss } });
  cluster = running;
  const before = await running.status();
  const [first = '', second = ''] = urlsOf(before);
  await sweep(first);
  for (const id of WRITTEN) {
    expect((await ask(`${second}/products/${id}`, { method: 'PATCH', json: { stock: 5 } })).status).toBe(200);
  }
  const back = running.restart('redis', { kill: true, downMs: 500 });
  const update = `UPDATE products SET stock = 6 WHERE id IN (${UNHEARD.join()})`;
  await sql(before.postgres.url, update);
  const after = await back;
  if (afterLoss === 'repair') await blessed(after.redis.url ?? '');
  const loads = await total(after, 'loads', 'bypasses');
  const versions = await sweep(first);
  for (const id of [...WRITTEN, ...UNHEARD]) expect(versions.get(id)).toBe(2);
  const caused = (await total(after, 'loads', 'bypasses')) - loads;
  await expectConvergence(after, PRODUCTS.slice(0, 50), CONVERGED_MS);
  await running.stop();
  console.log(`${afterLoss}: ${caused} loads of ${PRODUCTS.length} products after the quarantine`);
  return caused;
}

test('repair keeps what L2 held: less than a tenth of the loads of drop', async () => {
  const dropped = await loadsAfterLoss('drop');
  expect(dropped).toBeGreaterThanOrEqual(PRODUCTS.length);
  expect(await loadsAfterLoss('repair')).toBeLessThan(PART * dropped);
});
