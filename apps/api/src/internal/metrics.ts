import type { Cache, Counters } from '@lockstep/cache';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Door } from '../http/door.ts';
import { hear } from './telemetry.ts';

/** How a read was answered, as a label; their sum is `gets`. */
const READS = {
  l1Hits: 'l1',
  l2Hits: 'l2',
  loads: 'load',
  joins: 'join',
  bypasses: 'bypass',
  failures: 'failure',
} as const satisfies Partial<Record<keyof Counters, string>>;

const COUNTERS = {
  invalidationsApplied: ['invalidations_applied', 'Invalidations applied, by bus, beat or own write'],
  gaps: ['gaps', 'Messages found missing on the bus'],
  flushes: ['flushes', 'Times that L1 was emptied'],
  epochChanges: ['epoch_changes', 'New histories of Redis adopted'],
  beats: ['beats', 'Rounds of beats that proved L1'],
  beatFailures: ['beat_failures', 'Rounds of beats without a proof'],
  leaseWaits: ['lease_waits', 'Waits for a load of another reader'],
  fillsRefused: ['fills_refused', 'Loaded values that were not stored, as a write came between'],
  evictions: ['evictions', 'Entries that L1 gave up for others'],
  writes: ['writes', 'Writes acknowledged'],
  writeFailures: ['write_failures', 'Writes refused or aborted'],
  writesUnknown: ['writes_unknown', 'Writes whose outcome was not confirmed'],
  relayRounds: ['relay_rounds', 'Rounds of the relay that proved something'],
  relayFailures: ['relay_failures', 'Rounds of the relay that failed'],
  relayed: ['relayed', 'Rows of the outbox that a relay here has invalidated'],
  unproven: ['unproven', 'Answers served without a proof'],
  shed: ['shed', 'Reads and writes that the cache refused before any work'],
} as const satisfies Partial<Record<keyof Counters, readonly [string, string]>>;

const REQUEST_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LAG_BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The replica for Prometheus: what the process, the cache and the requests say. Label values are bounded. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'route' | 'method' | 'status'>;
  readonly #stops: (() => void)[];

  /** `name` is the replica's and its cache's. */
  constructor(name: string, cache: Cache, door: Door) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    registerCache(this.#registry, cache);
    registerDoor(this.#registry, door);
    this.#requests = new Histogram({
      name: 'lockstep_http_request_duration_seconds',
      help: 'Time from a request to the end of its answer',
      labelNames: ['route', 'method', 'status'],
      buckets: REQUEST_BUCKETS_S,
      registers,
    });
    const lag = new Histogram({
      name: 'lockstep_cache_invalidation_lag_seconds',
      help: 'Time from an invalidation in Redis until this replica has applied it',
      labelNames: ['via'],
      buckets: LAG_BUCKETS_S,
      registers,
    });
    const loads = new Histogram({
      name: 'lockstep_cache_load_duration_seconds',
      help: 'Time of a load from the origin under a lease',
      labelNames: ['cached'],
      buckets: REQUEST_BUCKETS_S,
      registers,
    });
    this.#stops = [
      hear('applied', name, ({ via, lagMs }) => {
        // Redis' clock as we know it may run ahead of it by a moment.
        if (lagMs !== null) lag.observe({ via }, Math.max(0, lagMs) / 1_000);
      }),
      hear('load', name, ({ ms, cached }) => loads.observe({ cached: String(cached) }, ms / 1_000)),
    ];
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** `route` is a template, never a path. */
  request(route: string, method: string, status: number, ms: number): void {
    this.#requests.observe({ route, method, status: `${Math.floor(status / 100)}xx` }, ms / 1_000);
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#registry.clear();
  }
}

function registerDoor(registry: Registry, door: Door): void {
  const registers = [registry];
  new Counter({
    name: 'lockstep_http_shed_total',
    help: 'Requests turned away at the door, before any work',
    registers,
    collect() {
      this.reset();
      this.inc(door.shed);
    },
  });
  new Gauge({
    name: 'lockstep_http_waiting',
    help: 'Requests that wait until the event loop has time for them',
    registers,
    collect() {
      this.set(door.waiting);
    },
  });
}

/** Counters and gauges that are read from the cache when they are asked for. */
function registerCache(registry: Registry, cache: Cache): void {
  const registers = [registry];
  new Counter({
    name: 'lockstep_cache_reads_total',
    help: 'Reads by how they were answered',
    labelNames: ['answer'],
    registers,
    collect() {
      this.reset();
      const { counters } = cache.status();
      for (const [counter, answer] of Object.entries(READS)) this.inc({ answer }, counters[counter as keyof Counters]);
    },
  });
  for (const [counter, [name, help]] of Object.entries(COUNTERS)) {
    new Counter({
      name: `lockstep_cache_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(cache.status().counters[counter as keyof Counters]);
      },
    });
  }
  const gauge = (name: string, help: string, value: (status: ReturnType<Cache['status']>) => number) =>
    new Gauge({
      name: `lockstep_cache_${name}`,
      help,
      registers,
      collect() {
        this.set(value(cache.status()));
      },
    });
  gauge('trusted', '1 while L1 has a proof within the bound', ({ trust }) => Number(trust.state === 'trusted'));
  gauge('proof_age_seconds', 'Age of that proof; NaN without one', ({ trust }) =>
    trust.ageMs === null ? Number.NaN : trust.ageMs / 1_000,
  );
  gauge('bound_seconds', 'How old it may be', ({ trust }) => trust.boundMs / 1_000);
  gauge('l1_entries', 'Entries in L1', ({ l1 }) => l1.entries);
  gauge('l1_max_entries', 'Entries that L1 may have', ({ l1 }) => l1.maxEntries);
  gauge('quarantine_seconds', 'What is left of the longest quarantine', ({ partitions }) =>
    Math.max(0, ...partitions.map(({ quarantineMs }) => quarantineMs / 1_000)),
  );
}
