import type { Observer } from './core/partition.ts';
import type { Engine } from './engine.ts';
import type { Settings } from './options.ts';
import { publish } from './telemetry.ts';

/**
 * Counts and tells what happens to one partition, wakes those who wait for a key, and beats where that is asked for.
 * `engine` is a function, as the partition that is observed is a part of it.
 */
export function observe(engine: () => Engine, settings: Settings, index: number): Observer {
  const at = { cache: settings.name, partition: index };
  // Linearizable writers wait for whoever applies: tell them at once, not at the next beat.
  const acknowledges = settings.writes === 'linearizable';
  return {
    applied: (entry, via) => {
      const { counters, notices, units, time, beatNow } = engine();
      counters.invalidationsApplied++;
      for (const key of entry.keys) notices.wake(key);
      if (acknowledges && via !== 'beat') void beatNow();
      publish('applied', () => {
        const redisNow = units[index]?.partition.redisNow(time.now());
        return { ...at, entry, via, lagMs: redisNow === undefined || entry.at === 0 ? null : redisNow - entry.at };
      });
    },
    gap: (applied, clock) => {
      engine().counters.gaps++;
      publish('gap', () => ({ ...at, applied, clock }));
    },
    flushed: (cause) => {
      engine().counters.flushes++;
      publish('flush', () => ({ ...at, cause }));
    },
    epochChanged: (before, epoch) => {
      engine().counters.epochChanges++;
      publish('epoch', () => ({ ...at, before, epoch }));
    },
    beatWanted: () => void engine().beatNow(),
  };
}
