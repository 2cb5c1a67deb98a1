import { setTimeout as pause } from 'node:timers/promises';
import { type Cache, type CacheOptions, createCache } from '@lockstep/cache';

const LOOK_MS = 20;
const READY_MS = 60_000;
/**
 * A long bound, long lives and an ordinary beat: the checks cost the same whatever they compare with, and a loop that
 * keeps the event loop to itself, or a machine that is busy, must not turn the hits that are measured into loads.
 */
const PATIENT = { stalenessMs: 20_000, beatMs: 100, l1TtlMs: 3_600_000, l2TtlMs: 3_600_000 };

/** A cache that is attached, and whose namespace has its first quarantine behind it, so that it really caches. */
export async function openCache(options: CacheOptions): Promise<Cache> {
  const cache = createCache({ ...PATIENT, ...options });
  await cache.ready(AbortSignal.timeout(READY_MS));
  while (cache.status().partitions.some(({ quarantineMs }) => quarantineMs > 0)) await pause(LOOK_MS);
  return cache;
}

/** Fails the run when the reads since `before` were not answered where the case says that they are. */
export function expectReads(cache: Cache, before: number, counter: 'l1Hits' | 'l2Hits', count: number): void {
  const answered = cache.status().counters[counter] - before;
  if (answered !== count)
    throw new Error(`${answered} of ${count} reads were ${counter}: this is not what is measured`);
}
