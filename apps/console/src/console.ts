import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Control } from './cluster/control.ts';
import type { Discovery } from './cluster/discovery.ts';
import { plantValue, storedValue } from './faults/canary-value.ts';
import { Faults } from './faults/faults.ts';
import { Guard, hostsOf } from './http/guard.ts';
import { closeServer, createApp } from './http/server.ts';
import { Stream } from './http/stream.ts';
import { forgetConnections } from './observe/ask.ts';
import { Observer, type ObserverOptions } from './observe/observer.ts';
import { createOrders } from './orders.ts';
import { LivePicture } from './picture.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { Scenarios } from './scenarios/scenarios.ts';
import type { ScenarioState, Verdict } from './shared/state.ts';
import { Clients } from './traffic/clients.ts';

/**
 * Products that the traffic asks for: the last of the catalogue, so that whoever else tries the cluster meets nobody on
 * the first ones. The first of them are those of the matrix, and nobody else touches the canary.
 */
const FIRST_ID = 9_001;
const PRODUCTS = 300;
const PINNED = 8;
const CANARY_ID = 9_999;
/** After this a planted value is gone by itself, ms. */
const CANARY_PLANTED_MS = 30_000;
/** The longest that a request to the console may take to come, ms. */
const REQUEST_LIMIT_MS = 10_000;

export interface ConsoleOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly hosts: readonly string[];
  readonly clusterUrl: string;
  readonly discovery: Discovery;
  /** Null: the cluster can be looked at, and not be broken. */
  readonly control: Control | null;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly backend: string;
  readonly rps: number;
  readonly writesPercent: number;
  readonly seed: number;
}

/** A running console. */
export interface Console {
  readonly url: string;
  readonly token: string;
  verdict(): Verdict;
  scenario(): ScenarioState | null;
  /** Corrupts the canary, and answers whether that was noticed. */
  tryCanary(): Promise<boolean>;
  /** Ends every fault, and everything else. */
  close(): Promise<void>;
}

/** Starts to observe, to offer traffic, and to serve the page. */
export async function openConsole(options: ConsoleOptions): Promise<Console> {
  const ids = Array.from({ length: PRODUCTS }, (_, index) => FIRST_ID + index);
  const { clusterUrl, databaseUrl, redisUrl, discovery, control } = options;
  const pinnedIds = ids.slice(0, PINNED);
  const observer = new Observer({
    discovery,
    url: clusterUrl,
    databaseUrl,
    ids,
    pinnedIds,
    canaryId: CANARY_ID,
    canaryValue: canaryValue(redisUrl),
  });
  const clients = new Clients({
    url: clusterUrl,
    seed: options.seed,
    ids,
    pinned: PINNED,
    rps: options.rps,
    writesPercent: options.writesPercent,
    ended: (operations, until) => observer.endedElsewhere(operations, until),
  });
  const faults = new Faults({
    scene: {
      control,
      redisUrl,
      databaseUrl,
      clusterUrl,
      replicas: () => observer.site.names(),
      urlOf: (replica) => observer.site.urlOf(replica),
      victimId: pinnedIds[2] ?? 1,
      unacknowledged: (id, start) =>
        observer.ended({
          client: 'console',
          key: `product:${id}`,
          kind: 'write',
          start,
          end: start,
          version: null,
          outcome: 'unknown',
        }),
    },
    log: (kind, target, text) => observer.fault(kind, target, text),
  });
  const scenarios = new Scenarios({ all: SCENARIOS, observer, clients, faults, ids: pinnedIds });
  const picture = new LivePicture({
    url: clusterUrl,
    backend: options.backend,
    observer,
    clients,
    faults,
    scenario: () => scenarios.state,
    scenarios: SCENARIOS.map(({ name, title, sentence }) => ({ name, title, sentence })),
  });
  const stream = new Stream(picture);
  const token = randomBytes(24).toString('base64url');
  let guard = new Guard(token, options.hosts);
  const orders = createOrders({ control, observer, clients, faults, scenarios });
  const verdict = () => observer.verdict.view();
  const server = createServer(createApp({ token, guard: () => guard, stream, verdict, orders }));
  server.requestTimeout = REQUEST_LIMIT_MS;
  const port = await listening(server, options.host, options.port);
  guard = new Guard(token, [...hostsOf(options.host, port), ...options.hosts]);
  observer.start();
  void faults.explore();
  clients.start();
  picture.start();
  return {
    url: `http://${options.host === '127.0.0.1' ? 'localhost' : options.host}:${port}`,
    token,
    verdict,
    scenario: () => scenarios.state,
    tryCanary: () => observer.canary.trial(),
    close: async () => {
      stream.close();
      const closed = closeServer(server);
      await scenarios.end();
      picture.close();
      await clients.close();
      await faults.undoAll();
      await observer.close();
      forgetConnections();
      await closed;
    },
  };
}

/** Where the canary's value is corrupted: in Redis itself. */
function canaryValue(redisUrl: string | null): ObserverOptions['canaryValue'] {
  if (redisUrl === null) return null;
  const key = `product:${CANARY_ID}`;
  return {
    stored: () => storedValue(redisUrl, key),
    plant: (value) => plantValue(redisUrl, value, CANARY_PLANTED_MS),
  };
}

/** The port; rejects when it cannot be had. */
async function listening(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
