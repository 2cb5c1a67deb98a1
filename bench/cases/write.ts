import { Redis } from 'ioredis';
import { openCache } from '../lib/caches.ts';
import { type Effort, operations } from '../lib/effort.ts';
import { interleave } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/row.ts';

const GROUP = 'A write of one key, one at a time, with an empty commit';
const WRITES = 2_000;
const US_PER_MS = 1_000;

/** MARK and UNMARK around a commit that does nothing: what a safe write costs beside one that only invalidates. */
export async function write(redisUrl: string, effort: Effort): Promise<Row[]> {
  const cache = await openCache({ redisUrl, name: 'write', namespace: 'write' });
  const raw = new Redis(redisUrl);
  const count = operations(effort, WRITES);
  const subjects = [
    {
      name: 'textbook: DEL, then PUBLISH',
      measure: () =>
        perWrite(count, async (key) => {
          await raw.del(key);
          await raw.publish('raw:channel', key);
        }),
    },
    { name: 'cache.invalidate', measure: () => perWrite(count, (key) => cache.invalidate({ keys: [key] })) },
    {
      name: 'cache.mutate',
      measure: () => perWrite(count, (key) => cache.mutate({ keys: [key] }, async ({ opened }) => opened())),
    },
  ];
  const measured = await interleave(subjects, effort.rounds);
  raw.disconnect();
  await cache.close();
  return [
    rowOf(GROUP, 'us', measured, 'textbook: DEL, then PUBLISH'),
    rowOf(GROUP, 'us', measured, 'cache.invalidate', 'textbook: DEL, then PUBLISH'),
    rowOf(GROUP, 'us', measured, 'cache.mutate', 'cache.invalidate'),
  ];
}

async function perWrite(count: number, one: (key: string) => Promise<unknown>): Promise<number> {
  const since = performance.now();
  for (let at = 0; at < count; at++) await one(`product:${at % 100}`);
  return ((performance.now() - since) * US_PER_MS) / count;
}
