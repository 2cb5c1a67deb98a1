/** That a replica leaves without failing a request, soon when nothing is in flight, and tells why it is not ready. */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { STOP_REPLICAS_MS } from '../../../packages/cluster/src/limits.ts';
import { ask } from './ask.ts';
import { ReplicaProcess } from './process.ts';
import { environment } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

let servers: Servers;
const started: ReplicaProcess[] = [];
const agents: Agent[] = [];

beforeAll(async () => {
  servers = await startServers();
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});

afterAll(() => servers?.stop());

async function start(name: string): Promise<{ process: ReplicaProcess; url: string; internal: string }> {
  const process = new ReplicaProcess(environment(servers, name, { LOG_LEVEL: 'info' }));
  started.push(process);
  await vi.waitFor(() => expect(process.line('listening')).toBeDefined(), WAIT);
  const { port, internalPort } = process.line('listening') ?? {};
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await ask(`${url}/readyz`)).status).toBe(200), WAIT);
  return { process, url, internal: `http://127.0.0.1:${internalPort}` };
}

function client(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

/** True when nobody listens there any more. */
const refused = (url: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(false));
    socket.on('error', () => resolve(true));
    socket.on('connect', () => socket.destroy());
  });

test('under load every request is answered, and the last one on each connection says that it closes', async () => {
  const { process, url } = await start('api-1');
  const wrong: unknown[] = [];
  let answered = 0;
  const work = async (agent: Agent, number: number) => {
    for (let i = 0; ; i++) {
      const id = 1 + ((number * 97 + i) % 500);
      const asked = i % 5 === 0 ? { method: 'PATCH', body: { stock: i } } : {};
      try {
        const got = await ask(`${url}/products/${id}`, asked, agent);
        answered++;
        if (got.status !== 200) wrong.push(got);
        // nginx would go on with another replica.
        if (got.headers.connection === 'close') return;
      } catch (error) {
        wrong.push(error);
        return;
      }
    }
  };
  const working = Promise.all(Array.from({ length: 16 }, (_, i) => work(client(), i)));
  await vi.waitFor(() => expect(answered).toBeGreaterThan(200), WAIT);
  process.signal('SIGTERM');
  await working;
  expect(wrong).toEqual([]);
  expect(await process.exited).toBe(0);
  expect(process.err).toBe('');
});

test('what is in flight is finished, new connections are refused at once, and a second signal changes nothing', async () => {
  const { process, url, internal } = await start('api-2');
  const release = await servers.hold('SELECT 1 FROM products WHERE id = 601 FOR UPDATE');
  const writing = ask(`${url}/products/601`, { method: 'PATCH', body: { stock: 44 } }, client());
  const waiting = client();
  await ask(`${url}/readyz`, {}, waiting);
  await servers.waits('api-2');
  process.signal('SIGTERM');
  // On a connection that was there before, and at once: half a second later it would be closed.
  let late = await ask(`${url}/readyz`, {}, waiting);
  while (late.json.status !== 'draining') late = await ask(`${url}/readyz`, {}, waiting);
  expect([late.status, late.headers.connection]).toEqual([503, 'close']);
  expect(late.json).toEqual({ status: 'draining', reason: expect.any(String) });
  await vi.waitFor(async () => expect(await refused(url)).toBe(true), WAIT);
  process.signal('SIGTERM');
  process.signal('SIGINT');
  expect((await ask(`${internal}/internal/status`)).json.state).toBe('draining');
  await release();
  const written = await writing;
  expect([written.status, written.json.stock, written.headers.connection]).toEqual([200, 44, 'close']);
  expect(await process.exited).toBe(0);
  expect(process.lines().filter(({ msg }) => msg === 'draining')).toHaveLength(1);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends an idle replica in time, with connections open that say nothing',
  async (signal) => {
    const { process, url, internal } = await start('api-3');
    const [used, events] = [client(), client()];
    await ask(`${url}/products/1`, {}, used);
    void ask(`${internal}/internal/events`, {}, events).catch(() => undefined);
    const silent = connect(Number(new URL(url).port), '127.0.0.1');
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    const since = performance.now();
    process.signal(signal);
    expect(await process.exited).toBe(0);
    expect(performance.now() - since).toBeLessThan(STOP_REPLICAS_MS);
    silent.destroy();
  },
);

test('without Redis and Postgres it ends as well', async () => {
  const process = new ReplicaProcess({
    ...environment(servers, 'api-4', { LOG_LEVEL: 'info' }),
    REDIS_URL: 'redis://:hidden@127.0.0.1:1',
    DATABASE_URL: 'postgres://a:hidden@127.0.0.1:1/a',
  });
  started.push(process);
  await vi.waitFor(() => expect(process.line('listening')).toBeDefined(), WAIT);
  const url = `http://127.0.0.1:${process.line('listening')?.port}`;
  expect((await ask(`${url}/readyz`)).json).toEqual({ status: 'starting', reason: expect.any(String) });
  expect((await ask(`${url}/products/1`)).json.code).toBe('origin_unavailable');
  const since = performance.now();
  process.signal('SIGTERM');
  expect(await process.exited).toBe(0);
  expect(performance.now() - since).toBeLessThan(STOP_REPLICAS_MS);
  expect(process.out + process.err).not.toContain('hidden');
});
