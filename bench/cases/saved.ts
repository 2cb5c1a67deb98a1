import type { Cache } from '@lockstep/cache';
import { seeded, zipf } from '@lockstep/traffic/random';
import { openCache } from '../lib/caches.ts';
import { type Effort, operations } from '../lib/effort.ts';
import { keyOf, productOf } from '../lib/product.ts';
import { type Row, rowOf } from '../lib/row.ts';

const GROUP = 'Zipf traffic over 10000 keys, 3 replicas, 2 of 100 are writes';
const KEYS = 10_000;
const EXPONENT = 1;
const OPERATIONS = 60_000;
const WRITES = 0.02;
const CLIENTS = 8;
const REPLICAS = 3;

interface Setup {
  readonly name: string;
  /** Each replica a namespace of its own: an L2 that nobody shares. */
  readonly alone: boolean;
  readonly l1MaxEntries: number;
}

const SETUPS: readonly Setup[] = [
  { name: 'each replica with its own cache', alone: true, l1MaxEntries: KEYS },
  { name: 'L2 alone (L1 of one entry)', alone: false, l1MaxEntries: 1 },
  { name: 'L1 of 1000 entries and L2', alone: false, l1MaxEntries: 1_000 },
  { name: 'L1 of 10000 entries and L2', alone: false, l1MaxEntries: KEYS },
];

/** What reaches the database, and what reaches Redis, of a thousand reads: counts, the same on any machine but for joins. */
export async function saved(redisUrl: string, effort: Effort): Promise<Row[]> {
  const loads = new Map<string, number[]>([['no cache', [1_000]]]);
  const trips = new Map<string, number[]>();
  for (const [index, setup] of SETUPS.entries()) {
    const { loaded, asked } = await run(redisUrl, `saved-${index}`, setup, operations(effort, OPERATIONS));
    loads.set(`loads: ${setup.name}`, [loaded]);
    trips.set(`reads that asked Redis: ${setup.name}`, [asked]);
  }
  const rows = (measured: Map<string, number[]>) =>
    [...measured.keys()].map((name) => rowOf(GROUP, 'of 1000 reads', measured, name));
  return [...rows(loads), ...rows(trips)];
}

async function run(redisUrl: string, namespace: string, { alone, l1MaxEntries }: Setup, count: number) {
  const caches = await Promise.all(
    Array.from({ length: REPLICAS }, (_, index) =>
      openCache({
        redisUrl,
        name: `${namespace}-${index}`,
        namespace: alone ? `${namespace}-${index}` : namespace,
        l1MaxEntries,
      }),
    ),
  );
  let loaded = 0;
  const load = async ({ key }: { key: string }) => {
    loaded++;
    return { value: productOf(Number(key.slice(key.indexOf(':') + 1))) };
  };
  // The same traffic for every setup.
  const random = seeded(1);
  const next = zipf(random, KEYS, EXPONENT);
  let begun = 0;
  let reads = 0;
  const client = async () => {
    while (begun++ < count) {
      const key = keyOf(next());
      const cache = caches[Math.floor(random() * REPLICAS)] as Cache;
      if (random() < WRITES)
        await Promise.all((alone ? caches : [cache]).map((one) => one.invalidate({ keys: [key] })));
      else {
        reads++;
        await cache.get(key, load);
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const l1Hits = caches.reduce((sum, cache) => sum + cache.status().counters.l1Hits, 0);
  for (const cache of caches) await cache.close();
  const perThousand = (part: number) => (part * 1_000) / reads;
  return { loaded: perThousand(loaded), asked: perThousand(reads - l1Hits) };
}
