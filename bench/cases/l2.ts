import { Redis } from 'ioredis';
import { expectReads, openCache } from '../lib/caches.ts';
import { type Effort, operations } from '../lib/effort.ts';
import { keyOf, type Product, productOf } from '../lib/product.ts';
import { interleave } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/row.ts';

const GROUP = 'L2 hit, 64 readers, 2000 keys, pipelined by the turn';
const KEYS = 2_000;
const READERS = 64;
const READS = 40_000;
const PROMISED = 0.9;
const OURS = 'cache.get, L1 of one entry';
const RAW = 'ioredis GET + JSON.parse';

/**
 * A hit in L2, decoded, frozen and stored in L1 on the way, against the same driver's bare GET and JSON.parse. L1 has
 * room for one entry, so that no read finds anything there.
 */
export async function l2(redisUrl: string, effort: Effort): Promise<Row[]> {
  const keys = Array.from({ length: KEYS }, (_, id) => keyOf(id));
  const cache = await openCache({ redisUrl, name: 'l2', namespace: 'l2', l1MaxEntries: 1 });
  const raw = new Redis(redisUrl, { enableAutoPipelining: true });
  for (const [id, key] of keys.entries()) {
    await cache.get(key, async () => ({ value: productOf(id) }));
    await raw.set(`raw:${key}`, JSON.stringify(productOf(id)));
  }
  const rawKeys = keys.map((key) => `raw:${key}`);
  const count = operations(effort, READS / READERS) * READERS;
  const never = async () => {
    throw new Error('a hit loads nothing');
  };
  const subjects = [
    { name: RAW, measure: () => perSecond(rawKeys, count, async (key) => JSON.parse((await raw.get(key)) ?? '')) },
    {
      name: OURS,
      measure: async () => {
        const before = cache.status().counters.l2Hits;
        const figure = await perSecond(keys, count, async (key) => (await cache.get<Product>(key, never)).value);
        expectReads(cache, before, 'l2Hits', count);
        return figure;
      },
    },
  ];
  const measured = await interleave(subjects, effort.rounds);
  raw.disconnect();
  await cache.close();
  return [rowOf(GROUP, '/s', measured, RAW), rowOf(GROUP, '/s', measured, OURS, RAW, ['at least', PROMISED])];
}

async function perSecond(
  keys: readonly string[],
  count: number,
  read: (key: string) => Promise<Product>,
): Promise<number> {
  let next = 0;
  let sum = 0;
  const since = performance.now();
  const reader = async () => {
    while (next < count) {
      const { version } = await read(keys[next++ % keys.length] as string);
      sum += version;
    }
  };
  await Promise.all(Array.from({ length: READERS }, reader));
  const seconds = (performance.now() - since) / 1_000;
  if (sum !== count) throw new Error(`${count} reads found ${sum} values`);
  return count / seconds;
}
