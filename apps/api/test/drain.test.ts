/** That a replica leaves without failing a request, soon when nothing is in flight, and tells why it is not ready. */
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { STOP_REPLICAS_MS } from '../../../packages/cluster/src/limits.ts';
import { QUIET_MS } from '../src/replica.ts';
import { ask, type Got } from './ask.ts';
import { ReplicaProcess } from './process.ts';
import { environment, PATIENT } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

const READY = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n';
const PATCH =
  'PATCH /products/601 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"stock":44}';

let servers: Servers;
const started: ReplicaProcess[] = [];
const agents: Agent[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  servers = await startServers();
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { child, exited } of started.splice(0)) {
    child.kill('SIGKILL');
    await exited;
  }
});

afterAll(() => servers?.stop());

async function start(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ process: ReplicaProcess; url: string; internal: string }> {
  const process = new ReplicaProcess(environment(servers, name, { LOG_LEVEL: 'info', ...env }));
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

/**
 * Asks on one connection until an answer says that it closes; resolves to that answer. nginx would go on with another replica
 * then, and so it would after a break, which is no failure where this process has stood still for the whole quiet time:
 *   1: a request is answered   2: the replica begins to leave   3: the answer is read half a second later, and the connection
 *   was closed as an idle one.
 * `before`: when the connection had not been idle yet, or the replica was not leaving.
 */
async function untilItCloses(
  asks: (i: number) => Promise<Got>,
  before = Number.POSITIVE_INFINITY,
): Promise<Got | undefined> {
  let busy = before;
  for (let i = 0; ; i++) {
    const since = performance.now();
    try {
      const got = await asks(i);
      if (got.headers.connection === 'close') return got;
    } catch (error) {
      if (since - busy < QUIET_MS) throw error;
      return undefined;
    }
    busy = since;
  }
}

/** A connection to which requests are written in pieces, with all that it is told. */
async function said(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  const connection = { text: '', closed: false, write: (piece: string) => void socket.write(piece) };
  socket.setEncoding('utf8').on('data', (piece: string) => {
    connection.text += piece;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    connection.closed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return connection;
}

const bodyOf = (answer: string) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));

/** True when nobody listens there any more. */
const refused = (url: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(false));
    socket.on('error', () => resolve(true));
    socket.on('connect', () => socket.destroy());
  });

test('under load every request is answered, and the last one on each connection says that it closes', async () => {
  const { process, url } = await start('api-1', PATIENT);
  const clients = Array.from({ length: 16 }, client);
  const asks = (agent: Agent, number: number, i: number) => {
    const id = 1 + ((number * 97 + i) % 500);
    return ask(`${url}/products/${id}`, i % 5 === 0 ? { method: 'PATCH', body: { stock: i } } : {}, agent);
  };
  // Its connections to Postgres: on a busy machine so many at once may need longer than one of them may take.
  for (const i of [0, 1]) {
    const all = () => Promise.all(clients.map((agent, number) => asks(agent, number, i)));
    await expect.poll(async () => (await all()).every(({ status }) => status === 200)).toBe(true);
  }
  const wrong: unknown[] = [];
  let answered = 0;
  const work = (agent: Agent, number: number) =>
    untilItCloses(async (i) => {
      const got = await asks(agent, number, i);
      answered++;
      if (got.status !== 200) wrong.push(got);
      return got;
    }).catch((error: unknown) => void wrong.push(error));
  const working = Promise.all(clients.map(work));
  await vi.waitFor(() => expect(answered).toBeGreaterThan(200), WAIT);
  process.signal('SIGTERM');
  await working;
  expect(wrong).toEqual([]);
  expect(await process.exited).toBe(0);
  expect(process.err).toBe('');
});

test('what is in flight is finished, new connections are refused at once, and a second signal changes nothing', async () => {
  const { process, url, internal } = await start('api-2', PATIENT);
  const release = await servers.hold('SELECT 1 FROM products WHERE id = 601 FOR UPDATE');
  const [writing, waiting, idle] = [await said(url), await said(url), client()];
  waiting.write(READY);
  await vi.waitFor(() => expect(waiting.text).toMatch(/^HTTP\/1\.1 200 .*"ready"/s), WAIT);
  await ask(`${url}/readyz`, {}, idle);
  // Both begin before the signal and end when the test says so: half a second after it idle connections are closed, however
  // late this process is, and a write in Postgres is ended there after two.
  writing.write(PATCH.slice(0, -1));
  waiting.write(READY.slice(0, -1));
  const since = performance.now();
  process.signal('SIGTERM');
  const told = await untilItCloses(() => ask(`${url}/readyz`, {}, idle), since);
  if (told !== undefined) expect([told.status, told.json.status]).toEqual([503, 'draining']);
  await vi.waitFor(async () => expect((await ask(`${internal}/internal/status`)).json.state).toBe('draining'), WAIT);
  waiting.write(READY.slice(-1));
  await vi.waitFor(() => expect(waiting.closed).toBe(true), WAIT);
  const late = waiting.text.slice(waiting.text.lastIndexOf('HTTP/1.1'));
  expect(late).toMatch(/^HTTP\/1\.1 503 .*\r\nConnection: close\r\n/s);
  expect(bodyOf(late)).toEqual({ status: 'draining', reason: expect.any(String) });
  await vi.waitFor(async () => expect(await refused(url)).toBe(true), WAIT);
  process.signal('SIGTERM');
  process.signal('SIGINT');
  expect((await ask(`${internal}/internal/status`)).json.state).toBe('draining');
  writing.write(PATCH.slice(-1));
  await servers.waits('api-2');
  await release();
  await vi.waitFor(() => expect(writing.closed).toBe(true), WAIT);
  expect(writing.text).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s);
  expect(bodyOf(writing.text)).toMatchObject({ stock: 44 });
  expect(await process.exited).toBe(0);
  expect(process.lines().filter(({ msg }) => msg === 'draining')).toHaveLength(1);
});

/**
 * What is begun, three times over, ends well by this signal each time, and within what the launcher leaves it by the median:
 * where the machine stands still meanwhile, that is added to one of them.
 */
async function expectInTime(signal: NodeJS.Signals, begin: () => Promise<ReplicaProcess>): Promise<void> {
  const tookMs: number[] = [];
  while (tookMs.length < 3) {
    const process = await begin();
    const since = performance.now();
    process.signal(signal);
    expect(await process.exited).toBe(0);
    tookMs.push(performance.now() - since);
  }
  const [, medianMs] = tookMs.sort((a, b) => a - b);
  expect(medianMs).toBeLessThan(STOP_REPLICAS_MS);
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends an idle replica in time, with connections open that say nothing',
  async (signal) => {
    await expectInTime(signal, async () => {
      const { process, url, internal } = await start('api-3');
      const [used, events] = [client(), client()];
      await ask(`${url}/products/1`, {}, used);
      void ask(`${internal}/internal/events`, {}, events).catch(() => undefined);
      await said(url);
      return process;
    });
  },
);

test('without Redis and Postgres it ends as well', async () => {
  await expectInTime('SIGTERM', async () => {
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
    return process;
  });
  for (const process of started) expect(process.out + process.err).not.toContain('hidden');
});
