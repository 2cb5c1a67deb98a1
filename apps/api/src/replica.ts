import type { ServerResponse } from 'node:http';
import { createCache, createNaiveCache, Retention } from '@lockstep/cache';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { Catalogue } from './catalogue.ts';
import type { Config } from './config.ts';
import { Door } from './http/door.ts';
import { Listener } from './http/listener.ts';
import { EventStream } from './internal/event-stream.ts';
import { LoopDelay } from './internal/loop-delay.ts';
import { Metrics } from './internal/metrics.ts';
import { internalRoutes, type ReplicaStatus } from './internal/routes.ts';
import { hear } from './internal/telemetry.ts';
import { within } from './lifecycle/within.ts';
import { Throttle } from './log.ts';
import { PostgresOrigin } from './origin/postgres.ts';
import { publicRoutes } from './routes/public.ts';

/** How long connections that are kept alive are still answered when the replica leaves, ms. */
export const QUIET_MS = 500;
/** How long requests in flight may take then; after that the parts have this long each, in this order, ms. */
const REQUESTS_MS = 8_000;
const CACHE_CLOSE_MS = 1_500;
const ORIGIN_CLOSE_MS = 1_500;
const PRIVATE_CLOSE_MS = 200;

export interface Replica {
  /** The ports that its listeners have. */
  readonly port: number;
  readonly internalPort: number;
  /** Leaves without failing a request: at most 11.2 s, about half a second when nothing is in flight. */
  drain(): Promise<void>;
}

/**
 * Opens a replica of the catalogue: cache, origin, a public and a private listener. It listens at once; `/readyz` tells
 * when the cache is attached. Rejects when a port cannot be had, and has nothing open then.
 */
export async function openReplica(config: Config, name: string, log: Logger): Promise<Replica> {
  const origin = new PostgresOrigin({
    connectionString: config.databaseUrl,
    loads: config.cache.loads,
    loadLimitMs: config.cache.loadLimitMs,
    applicationName: name,
  });
  const outbox = config.outbox ? origin.outbox : undefined;
  const cache =
    config.protocol === 'naive'
      ? createNaiveCache({ ...config.cache, name })
      : createCache({ ...config.cache, name, outbox });
  // Without a relay nobody else removes what the triggers write.
  const relays = config.protocol !== 'naive' && config.outbox;
  const retention = relays ? null : new Retention(origin.outbox, { ...config.cache, name });
  retention?.start();
  let draining = false;
  const state = () => (draining ? 'draining' : cache.status().state);
  const delay = new LoopDelay();
  const door = new Door({ name, urgent: ['/livez', '/readyz'] });
  const status = (): ReplicaStatus => {
    const told = cache.status();
    const counters = { ...told.counters, shed: told.counters.shed + door.shed };
    return { name, protocol: config.protocol, ...told, counters, state: state(), eventLoopDelayMs: delay.ms };
  };
  const events = new EventStream(name, status);
  const metrics = new Metrics(name, cache, door);
  const stopLogging = logTroubles(name, log);

  const open = new Listener({
    name,
    door,
    handler: createApp(
      name,
      log,
      publicRoutes({ name, cache, origin, catalogue: new Catalogue(cache, origin), state }),
    ),
    served: ({ method = '', url }, response, ms) => {
      const { statusCode: status, locals } = response as ServerResponse & { locals?: { route?: string } };
      metrics.request(locals?.route ?? 'none', method, status, ms);
      if (log.isLevelEnabled('debug')) log.debug({ method, url, status, ms }, 'request');
    },
  });
  const inner = new Listener({
    name,
    handler: createApp(name, log, internalRoutes({ name, cache, status, events, metrics })),
  });

  const closeParts = async () => {
    // The cache leaves its bus last; the private listener tells of all this to the end.
    await within(cache.close(), CACHE_CLOSE_MS);
    await retention?.stop();
    await within(origin.close(), ORIGIN_CLOSE_MS);
    events.close();
    await inner.leave(0, PRIVATE_CLOSE_MS);
    metrics.close();
    delay.stop();
    stopLogging();
  };
  const drain = async () => {
    draining = true;
    events.tell('state', { state: state() });
    await open.leave(QUIET_MS, REQUESTS_MS);
    await closeParts();
  };
  try {
    const internalPort = await inner.listen(config.internalHost, config.internalPort);
    const port = await open.listen(config.host, config.port);
    return { port, internalPort, drain };
  } catch (error) {
    await closeParts();
    throw error;
  }
}

/** What the cache goes on without: somebody should know of it, once a second. */
function logTroubles(name: string, log: Logger): () => void {
  const throttle = new Throttle();
  return hear('error', name, ({ what, error }) => {
    const left = throttle.pass(what);
    if (left !== undefined) log.warn({ err: error, left }, what);
  });
}
