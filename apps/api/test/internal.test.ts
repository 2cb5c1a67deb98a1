/** The private listener: what it tells of a replica, without changing anything by looking. */
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { agent, ask, expectProblem } from './ask.ts';
import { openTestReplica, PATIENT, PATIENT_MS, quarantineOver, relaysAtRest, type TestReplica } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

let servers: Servers;
let replica: TestReplica;
let other: TestReplica;

beforeAll(async () => {
  servers = await startServers();
  [replica, other] = await Promise.all([
    openTestReplica(servers, 'api-1', PATIENT),
    openTestReplica(servers, 'api-2', PATIENT),
  ]);
  await quarantineOver(replica);
  await quarantineOver(other);
});

afterAll(async () => {
  await Promise.all([replica?.drain(), other?.drain()]);
  await servers?.stop();
});

const internal = (path: string, method = 'GET') => ask(`${replica.internal}${path}`, { method });
const status = async () => (await internal('/internal/status')).json;
const peek = async (key: string) => (await internal(`/internal/peek?key=${encodeURIComponent(key)}`)).json;
const read = (id: number) => ask(`${replica.url}/products/${id}`);
const write = (at: TestReplica, id: number) => ask(`${at.url}/products/${id}`, { method: 'PATCH', body: { stock: 1 } });

describe('status', () => {
  test('has every field of the contract', async () => {
    const number = expect.any(Number);
    const names = ['gets', 'l1Hits', 'l2Hits', 'loads', 'joins', 'bypasses', 'failures'];
    expect(await status()).toEqual({
      name: 'api-1',
      protocol: 'guarded',
      state: 'ready',
      partitions: [{ epoch: expect.stringMatching(/./), applied: number, quarantineMs: 0 }],
      trust: { state: 'trusted', ageMs: number, boundMs: PATIENT_MS },
      l1: { entries: number, maxEntries: 10_000 },
      counters: expect.objectContaining(Object.fromEntries(names.map((name) => [name, number]))),
      eventLoopDelayMs: number,
    });
  });

  test('counts each read once, as what it was', async () => {
    const before = (await status()).counters;
    await read(401);
    await read(401);
    const { counters } = await status();
    expect(counters).toMatchObject({ gets: before.gets + 2, loads: before.loads + 1, l1Hits: before.l1Hits + 1 });
    const { l1Hits, l2Hits, loads, joins, bypasses, failures } = counters;
    expect(counters.gets).toBe(l1Hits + l2Hits + loads + joins + bypasses + failures);
  });
});

describe('peek', () => {
  test('shows what the tiers hold, with its version, and counts nothing', async () => {
    expect(await peek('product:402')).toEqual({ key: 'product:402', l1: null, l2: null });
    await read(402);
    const { counters } = await status();
    const number = expect.any(Number);
    expect(await peek('product:402')).toEqual({
      key: 'product:402',
      l1: { version: 1, clock: number, ageMs: number, expiresInMs: number },
      l2: { state: 'value', version: 1, clock: number, expiresInMs: number },
    });
    expect((await status()).counters).toMatchObject({ gets: counters.gets, l1Hits: counters.l1Hits });
  });

  test('of a deleted product shows the tombstone’s version, of a list none', async () => {
    await ask(`${replica.url}/products/403`, { method: 'DELETE' });
    await relaysAtRest(servers, replica, other);
    await read(403);
    expect((await peek('product:403')).l1).toMatchObject({ version: 2 });
    await ask(`${replica.url}/products?limit=1`);
    const { l1, l2 } = await peek('products?category=&limit=1&after=0');
    expect([l1, l2]).toEqual([expect.objectContaining({ version: null }), expect.objectContaining({ version: null })]);
  });

  test('shows a write mark while a write is under way', async () => {
    const release = await servers.hold('SELECT 1 FROM products WHERE id = 404 FOR UPDATE');
    const writing = write(replica, 404);
    try {
      await servers.waits('api-1');
      expect(await peek('product:404')).toEqual({
        key: 'product:404',
        l1: null,
        l2: { state: 'mark', version: null, clock: null, expiresInMs: expect.any(Number) },
      });
    } finally {
      await release();
    }
    expect((await writing).status).toBe(200);
    expect((await peek('product:404')).l2).toBeNull();
  });

  test.each([
    '/internal/peek',
    '/internal/peek?key=',
    `/internal/peek?key=${'x'.repeat(257)}`,
    '/internal/peek?key=a&x=1',
  ])('%s is refused', async (path) => expectProblem(await internal(path), 400, 'invalid_parameter'));
});

test('flush empties L1 and leaves L2', async () => {
  await read(405);
  const flushed = await internal('/internal/l1/flush', 'POST');
  expect([flushed.status, flushed.text]).toEqual([204, '']);
  expect((await status()).l1.entries).toBe(0);
  expect((await read(405)).headers['x-cache']).toBe('L2');
});

test.each([
  ['/internal/status', 'GET, HEAD'],
  ['/internal/peek', 'GET, HEAD'],
  ['/internal/events', 'GET, HEAD'],
  ['/internal/l1/flush', 'POST'],
  ['/metrics', 'GET, HEAD'],
])('%s takes %s and nothing else', async (path, allow) => {
  const got = await internal(path, 'PUT');
  expectProblem(got, 405, 'method_not_allowed');
  expect(got.headers.allow).toBe(allow);
});

test.each(['/', '/products/1', '/readyz', '/internal'])('%s is not on this listener', async (path) => {
  expectProblem(await internal(path), 404, 'not_found');
});

describe('metrics', () => {
  const metrics = async () => (await internal('/metrics')).text;
  const value = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.slice(series.length),
    );

  test('are what the counters say, whenever they are asked for', async () => {
    await read(406);
    await read(406);
    for (let i = 0; i < 2; i++) {
      const { counters } = await status();
      const text = await metrics();
      expect(value(text, 'lockstep_cache_reads_total{answer="l1"}')).toBe(counters.l1Hits);
      expect(value(text, 'lockstep_cache_writes_total')).toBe(counters.writes);
      expect(value(text, 'lockstep_cache_trusted')).toBe(1);
    }
  });

  test('time requests by route and never by path', async () => {
    const series = 'lockstep_http_request_duration_seconds_count{route="/products/:id",method="GET",status="2xx"}';
    await read(406);
    await vi.waitFor(async () => expect(value(await metrics(), series)).toBeGreaterThan(0), WAIT);
    const before = value(await metrics(), series);
    await read(407);
    await read(408);
    await vi.waitFor(async () => expect(value(await metrics(), series)).toBe(before + 2), WAIT);
    for (let i = 0; i < 5; i++) await ask(`${replica.url}/wp-admin/${i}`);
    const text = await metrics();
    expect(text).toContain('_count{route="none",method="GET",status="4xx"}');
    expect(text).not.toContain('wp-admin');
    // As a label: a figure may well be 407.
    expect(text).not.toMatch(/="[^"]*40[678]/);
  });

  test('time loads, and how late invalidations come', async () => {
    await read(409);
    await vi.waitFor(async () => {
      // A beat that was due in that moment may have brought it instead of the bus.
      await write(other, 409);
      const text = await metrics();
      expect(value(text, 'lockstep_cache_load_duration_seconds_count{cached="true"}')).toBeGreaterThan(0);
      expect(value(text, 'lockstep_cache_invalidation_lag_seconds_count{via="bus"}')).toBeGreaterThan(0);
    }, WAIT);
    expect(await metrics()).toContain('process_cpu_seconds_total');
  });
});

describe('events', () => {
  interface Event {
    readonly id: number;
    readonly name: string;
    // biome-ignore lint/suspicious/noExplicitAny: each kind of event has members of its own.
    readonly data: any;
  }

  /** Listens until `close`; `events` grows as they come. */
  async function listen(): Promise<{ events: Event[]; response: IncomingMessage; close: () => void }> {
    const events: Event[] = [];
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${replica.internal}/internal/events`, { agent: false }, resolve).on('error', reject).end();
    });
    let rest = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const words = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(part);
        if (words !== null)
          events.push({ id: Number(words[1]), name: words[2] ?? '', data: JSON.parse(words[3] ?? '') });
      }
    });
    response.on('error', () => undefined);
    return { events, response, close: () => response.destroy() };
  }

  test('begin with a snapshot and go on with what happens, numbered', async () => {
    const { events, response, close } = await listen();
    try {
      expect(response.headers['content-type']).toBe('text/event-stream');
      await vi.waitFor(() => expect(events).not.toEqual([]), WAIT);
      expect(events[0]).toMatchObject({ name: 'snapshot', data: { name: 'api-1', state: 'ready' } });
      const applied = (more: (data: Event['data']) => boolean) =>
        events.filter(({ name, data }) => name === 'applied' && data.via === 'bus' && more(data));
      // One of several: the relay may be repeating what was written before, and a beat that is due in that moment brings
      // an invalidation before the bus does, or the machine stands still on its way.
      await vi.waitFor(async () => {
        await write(other, 410);
        const ofKey = applied(({ keys }) => keys.length === 1 && keys[0] === 'product:410');
        expect(
          ofKey.some(({ data }) => Number.isInteger(data.clock) && data.lagMs !== null && data.lagMs < 1_000),
        ).toBe(true);
        expect(applied(({ tags }) => tags.includes('products'))).not.toEqual([]);
      }, WAIT);
      await internal('/internal/l1/flush', 'POST');
      await vi.waitFor(() => expect(events.map(({ name }) => name)).toContain('flush'), WAIT);
      const ids = events.map(({ id }) => id);
      expect(ids).toEqual(ids.map((_, i) => (ids[0] ?? 0) + i));
    } finally {
      close();
    }
  });

  test('have a bounded number of listeners, and room again when one leaves', async () => {
    const all: Awaited<ReturnType<typeof listen>>[] = [];
    try {
      // The end of a listener before may not have been noticed: then the last of these is one too many.
      await vi.waitFor(async () => {
        while (all.length < 32) {
          const one = await listen();
          expect(one.response.statusCode).toBe(200);
          all.push(one);
        }
      }, WAIT);
      expectProblem(await internal('/internal/events'), 503, 'overloaded');
      all[0]?.close();
      let late: Awaited<ReturnType<typeof listen>> | undefined;
      await vi.waitFor(async () => {
        late = await listen();
        expect(late.response.statusCode).toBe(200);
      }, WAIT);
      late?.close();
    } finally {
      for (const { close } of all) close();
    }
  });

  test('HEAD does not wait for any', async () => {
    // Those of the test before have been closed, which has to be noticed.
    await vi.waitFor(async () => {
      const got = await internal('/internal/events', 'HEAD');
      expect([got.status, got.headers['content-type']]).toEqual([200, 'text/event-stream']);
    }, WAIT);
  });
});

afterAll(() => agent.destroy());
