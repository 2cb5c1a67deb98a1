import { type Channel, channel } from 'node:diagnostics_channel';
import type { Entry } from './core/entry.ts';
import type { FlushCause } from './core/partition.ts';

/**
 * What a cache says of itself, on `node:diagnostics_channel`: free while nobody listens, and no metrics library here.
 * Prometheus, tracing, the event stream of a replica and the console subscribe. Every message carries the cache's name,
 * as several caches may live in one process.
 */
export interface Messages {
  /** An invalidation was applied. `lagMs` counts from its execution in Redis, null where that is not known. */
  applied: { cache: string; partition: number; entry: Entry; via: 'bus' | 'beat' | 'own'; lagMs: number | null };
  /** Entries are missing between `applied` and `clock`. */
  gap: { cache: string; partition: number; applied: number; clock: number };
  flush: { cache: string; partition: number; cause: FlushCause };
  epoch: { cache: string; partition: number; before: string | null; epoch: string };
  trust: { cache: string; state: 'trusted' | 'lapsed' };
  /** A loader ran for `ms`; `cached` tells whether FILL stored the value. */
  load: { cache: string; key: string; ms: number; cached: boolean };
  /** A round of the relay invalidated so many rows of the outbox. */
  relayed: { cache: string; partition: number; rows: number; ms: number };
  /** Something failed that the cache goes on without. */
  error: { cache: string; what: string; error: Error };
}

const channels = Object.fromEntries(
  (['applied', 'gap', 'flush', 'epoch', 'trust', 'load', 'relayed', 'error'] as const).map((name) => [
    name,
    channel(`lockstep:${name}`),
  ]),
) as Record<keyof Messages, Channel>;

/** The message is made only if somebody listens. */
export function publish<N extends keyof Messages>(name: N, message: () => Messages[N]): void {
  if (channels[name].hasSubscribers) channels[name].publish(message());
}
