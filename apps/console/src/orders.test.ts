/** Orders of the page, over HTTP, in front of a launcher that is made up: a switch of the protocol lasts until it is told to end. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Control } from './cluster/control.ts';
import { CATALOGUE } from './faults/catalogue.ts';
import { Faults } from './faults/faults.ts';
import { Guard, hostsOf } from './http/guard.ts';
import { closeServer, createApp } from './http/server.ts';
import { Stream } from './http/stream.ts';
import { Observer } from './observe/observer.ts';
import { createOrders } from './orders.ts';
import { Scenarios } from './scenarios/scenarios.ts';
import { Clients } from './traffic/clients.ts';

const NOWHERE = { url: 'http://127.0.0.1:9', databaseUrl: 'postgres://127.0.0.1:9/none' };
const TOKEN = 'token';
const REFUSED = {
  status: 409,
  body: { code: 'E_CONSOLE_CHANGING', error: expect.stringContaining('change their protocol') },
};

let told: string[];
let switching: PromiseWithResolvers<never>;
let observer: Observer;
let faults: Faults;
let server: Server;

const unused = () => Promise.reject(new Error('not in this test'));

/** What it is told is noted, and done at once, but for a switch. */
function launcher(): Control {
  const note = async (words: string) => {
    told.push(words);
    return undefined as never;
  };
  return {
    status: unused,
    scale: unused,
    restart: (name) => note(`restart ${name}`),
    link: (replica, role, fault) => note(`link ${replica} ${role} ${fault?.kind ?? 'healed'}`),
    signal: (replica, signal) => note(`${signal} ${replica}`),
    protocol: (protocol) => note(protocol).then(() => switching.promise),
  };
}

beforeEach(async () => {
  told = [];
  switching = Promise.withResolvers();
  const control = launcher();
  const ids = { ids: [1], pinnedIds: [1], canaryId: 2, canaryValue: null };
  observer = new Observer({ ...NOWHERE, ...ids, discovery: unused });
  const clients = new Clients({
    ...NOWHERE,
    seed: 1,
    ids: [1],
    pinned: 1,
    rps: 0,
    writesPercent: 0,
    ended: () => undefined,
  });
  const scene = { control, redisUrl: null, ...NOWHERE, clusterUrl: NOWHERE.url, victimId: 1 };
  const around = { replicas: () => ['api-1', 'api-2'], urlOf: () => null, unacknowledged: () => undefined };
  faults = new Faults({ scene: { ...scene, ...around }, log: () => undefined });
  const scenarios = new Scenarios({ all: [], observer, clients, faults, ids: [1] });
  const orders = createOrders({ control, observer, clients, faults, scenarios });
  let guard = new Guard(TOKEN, []);
  const verdict = () => observer.verdict.view();
  const stream = new Stream({ snapshot: unused as never, fresh: unused as never });
  server = createServer(createApp({ token: TOKEN, guard: () => guard, stream, verdict, orders }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  guard = new Guard(TOKEN, hostsOf('127.0.0.1', (server.address() as AddressInfo).port));
});

afterEach(async () => {
  await faults.undoAll();
  await closeServer(server);
});

async function order(method: string, path: string, body: object): Promise<{ status: number; body: unknown }> {
  const { port } = server.address() as AddressInfo;
  const headers = { 'x-console-token': TOKEN, 'content-type': 'application/json' };
  const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: JSON.stringify(body) });
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? null : JSON.parse(text) };
}

const fault = (kind: string) => order('POST', '/api/faults', { kind, target: 'api-2', holdMs: 60_000 });
const become = (protocol: string) => order('POST', '/api/protocol', { protocol });

describe('while the replicas change their protocol', () => {
  beforeEach(async () => {
    expect(await become('naive')).toEqual({ status: 204, body: null });
    expect(observer.changing).toBe(true);
  });

  test.each(Object.keys(CATALOGUE))('%s is refused, and nobody is told of it', async (kind) => {
    expect(await fault(kind)).toEqual(REFUSED);
    expect(told).toEqual(['naive']);
    expect(faults.all()).toEqual([]);
  });

  test('and no longer: also when the switch has failed', async () => {
    switching.reject(new Error('api-2 does not start'));
    await expect.poll(() => observer.changing).toBe(false);
    expect((await fault('pause')).status).toBe(200);
    expect(told).toEqual(['naive', 'SIGSTOP api-2']);
  });
});

test('a fault that was on before can be undone while the replicas change their protocol', async () => {
  const { body } = await fault('delay-bus');
  await become('naive');
  const undone = await order('DELETE', `/api/faults/${(body as { id: string }).id}`, {});
  expect(undone.status).toBe(204);
  expect(told).toEqual(['link api-2 bus latency', 'naive', 'link api-2 bus healed']);
});
