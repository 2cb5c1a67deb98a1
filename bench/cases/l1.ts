import type { Cache } from '@lockstep/cache';
import { LRUCache } from 'lru-cache';
import { expectReads, openCache } from '../lib/caches.ts';
import { type Effort, operations } from '../lib/effort.ts';
import { keyOf, type Product, productOf } from '../lib/product.ts';
import { interleave } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/row.ts';

const GROUP = 'L1 hit, one process, 1000 keys';
const KEYS = 1_000;
const READS = 300_000;
const NS_PER_MS = 1e6;

/** A hit in L1, in the same turn and awaited, against reading a Map and an lru-cache in the same way. */
export async function l1(redisUrl: string, effort: Effort): Promise<Row[]> {
  const keys = Array.from({ length: KEYS }, (_, id) => keyOf(id));
  const plain = new Map(keys.map((key, id) => [key, productOf(id)]));
  const lru = new LRUCache<string, Product>({ max: KEYS });
  for (const [key, product] of plain) lru.set(key, product);
  const caches = {
    'node-cache': await openCache({ redisUrl, name: 'l1-node-cache', namespace: 'l1-node-cache', l1: 'node-cache' }),
    lru: await openCache({ redisUrl, name: 'l1-lru', namespace: 'l1-lru', l1: 'lru' }),
  };
  const load = async ({ key }: { key: string }) => ({ value: plain.get(key) });
  for (const cache of Object.values(caches)) for (const key of keys) await cache.get(key, load);

  const count = operations(effort, READS);
  const hits = (cache: Cache, read: () => number | Promise<number>) => async () => {
    await proved(cache);
    const before = cache.status().counters.l1Hits;
    const ns = await read();
    expectReads(cache, before, 'l1Hits', count);
    return ns;
  };
  const subjects = [
    { name: 'Map.get', measure: () => synchronous(keys, count, (key) => plain.get(key)?.version) },
    { name: 'lru-cache get', measure: () => synchronous(keys, count, (key) => lru.get(key)?.version) },
    { name: 'async function over Map', measure: () => awaited(keys, count, async (key) => plain.get(key)?.version) },
    ...Object.entries(caches).flatMap(([store, cache]) => [
      {
        name: `cache.hit, ${store}`,
        measure: hits(cache, () => synchronous(keys, count, (key) => cache.hit<Product>(key)?.value.version)),
      },
      {
        name: `cache.get awaited, ${store}`,
        measure: hits(cache, () =>
          awaited(keys, count, async (key) => (await cache.get<Product>(key, never)).value.version),
        ),
      },
    ]),
  ];
  const measured = await interleave(subjects, effort.rounds);
  for (const cache of Object.values(caches)) await cache.close();
  const row = (name: string, against?: string) => rowOf(GROUP, 'ns', measured, name, against);
  return [
    row('Map.get'),
    row('lru-cache get', 'Map.get'),
    row('cache.hit, node-cache', 'lru-cache get'),
    row('cache.hit, lru', 'lru-cache get'),
    row('async function over Map'),
    row('cache.get awaited, node-cache', 'async function over Map'),
    row('cache.get awaited, lru', 'async function over Map'),
  ];
}

/** Waits for a beat: the loops below keep the event loop busy, and L1 would lapse in the middle of one. */
async function proved(cache: Cache): Promise<void> {
  const { beats } = cache.status().counters;
  while (cache.status().counters.beats === beats) await new Promise((beaten) => setTimeout(beaten, 5));
}

async function never(): Promise<never> {
  throw new Error('a hit loads nothing');
}

function synchronous(keys: readonly string[], count: number, read: (key: string) => number | undefined): number {
  let sum = 0;
  const since = performance.now();
  for (let at = 0; at < count; at++) sum += read(keys[at % KEYS] as string) ?? 0;
  return perOperation(since, count, sum);
}

async function awaited(
  keys: readonly string[],
  count: number,
  read: (key: string) => Promise<number | undefined>,
): Promise<number> {
  let sum = 0;
  const since = performance.now();
  for (let at = 0; at < count; at++) sum += (await read(keys[at % KEYS] as string)) ?? 0;
  return perOperation(since, count, sum);
}

/** Every product has version 1: the sum proves that each read found one, and that none was optimised away. */
function perOperation(since: number, count: number, sum: number): number {
  const ns = ((performance.now() - since) * NS_PER_MS) / count;
  if (sum !== count) throw new Error(`${count} reads found ${sum} values`);
  return ns;
}
