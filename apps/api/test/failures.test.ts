/** What a replica answers while Redis or Postgres cannot be reached, or there is too much to do; and what it logs. */
import { Agent } from 'node:http';
import type { Link } from '@lockstep/cluster';
import { startLink } from '@lockstep/cluster/servers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { openReplica } from '../src/replica.ts';
import { ask, expectProblem } from './ask.ts';
import { environment, openTestReplica, PATIENT, quarantineOver, type TestReplica } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

let servers: Servers;
let redis: Link;
let postgres: Link;
let replica: TestReplica;

beforeAll(async () => {
  servers = await startServers();
  redis = await startLink(servers.redis.url);
  postgres = await startLink(servers.postgres.url);
  replica = await openTestReplica(servers, 'api-1', { ...urls(), ...LIMITS });
  await quarantineOver(replica);
});

afterAll(async () => {
  await replica?.drain();
  await Promise.all([redis?.close(), postgres?.close()]);
  await servers?.stop();
});

/**
 * As short as tests that wait for their ends can have it: 140 reads have to arrive before the first of them is given up, and a
 * proof has to be made within S, however busy the machine is.
 */
const LIMITS = {
  CACHE_STALENESS_MS: '3000',
  CACHE_BEAT_MS: '250',
  CACHE_RELAY_MS: '100',
  CACHE_LOADS: '2',
  CACHE_LOAD_LIMIT_MS: '3000',
};
const urls = () => ({ REDIS_URL: redis.url, DATABASE_URL: postgres.url });

const read = (id: number, headers = {}, { url } = replica) => ask(`${url}/products/${id}`, { headers });
const patch = (id: number, stock: number, headers = {}, { url } = replica) =>
  ask(`${url}/products/${id}`, { method: 'PATCH', headers, body: { stock } });
const create = (sku: string, { url } = replica) =>
  ask(`${url}/products`, { method: 'POST', body: { sku, name: 'a', category: 'a', priceCents: 1 } });
const ready = async () => {
  await vi.waitFor(async () => expect((await ask(`${replica.url}/readyz`)).status).toBe(200), WAIT);
};
const version = async (id: number) =>
  Number((await servers.sql('SELECT version FROM products WHERE id = $1', [id]))[0]?.version);

describe('without Redis', () => {
  test('reads come from the origin, writes are refused before they commit, readiness says why', async () => {
    await redis.fail({ kind: 'down' });
    try {
      await vi.waitFor(async () => expect((await ask(`${replica.url}/readyz`)).status).toBe(503), WAIT);
      const notReady = await ask(`${replica.url}/readyz`);
      expect(notReady.json).toEqual({ status: 'parked', reason: expect.stringContaining('Redis') });
      expect((await ask(`${replica.url}/livez`)).status).toBe(200);
      expect((await ask(`${replica.internal}/internal/status`)).json.state).toBe('parked');
      expect((await ask(`${replica.internal}/internal/peek?key=product:1`)).json.l2).toBeNull();
      for (const headers of [{}, { Consistency: 'strong' }]) {
        const got = await read(501, headers);
        expect([got.status, got.headers['x-cache']]).toEqual([200, 'BYPASS']);
      }
      expectProblem(await patch(501, 7), 503, 'cache_unreachable');
      expectProblem(await create('UNREACHABLE'), 503, 'cache_unreachable');
      expect(await version(501)).toBe(1);
      expect(await servers.sql("SELECT id FROM products WHERE sku = 'UNREACHABLE'")).toEqual([]);
    } finally {
      await redis.heal();
    }
    await ready();
    expect((await patch(501, 7)).json.version).toBe(2);
  });

  test('lost between commit and invalidation, a write is outcome_unknown; under its key it can be asked again', async () => {
    const headers = { 'Idempotency-Key': 'unknown-1' };
    const release = await servers.hold('SELECT 1 FROM products WHERE id = 502 FOR UPDATE');
    const writing = patch(502, 9, headers);
    await servers.waits('api-1');
    await redis.fail({ kind: 'down' });
    try {
      await release();
      expectProblem(await writing, 503, 'outcome_unknown');
    } finally {
      await redis.heal();
    }
    await ready();
    const again = await patch(502, 9, headers);
    expect([again.status, again.json.version, await version(502)]).toEqual([200, 2, 2]);
  });
});

describe('without Postgres', () => {
  /** Without Postgres nothing is proved: what is to be seen here is seen within S. */
  let patient: TestReplica;

  beforeAll(async () => {
    patient = await openTestReplica(servers, 'api-2', { ...urls(), ...PATIENT });
  });

  afterAll(() => patient?.drain());

  test('what L1 has is served, everything else is origin_unavailable', async () => {
    const tier = async () => (await read(503, {}, patient)).headers['x-cache'];
    await expect.poll(tier).toBe('L1');
    await postgres.fail({ kind: 'down' });
    try {
      expect(await tier()).toBe('L1');
      expectProblem(await read(505, {}, patient), 503, 'origin_unavailable');
      expectProblem(await ask(`${patient.url}/products?limit=7`), 503, 'origin_unavailable');
      expectProblem(await patch(503, 1, {}, patient), 503, 'origin_unavailable');
      expectProblem(await create('NO-ORIGIN', patient), 503, 'origin_unavailable');
      expect((await ask(`${patient.url}/readyz`)).status).toBe(200);
    } finally {
      await postgres.heal();
    }
    expect((await read(505, {}, patient)).status).toBe(200);
    expect(await version(503)).toBe(1);
  });
});

describe('with an origin that does not answer', () => {
  test('a load has its limit, and more of them than may wait are shed', async () => {
    const release = await servers.hold('LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
    try {
      // 2 may run and 128 wait, each of another product.
      const all = await Promise.all(Array.from({ length: 140 }, (_, i) => read(600 + i)));
      const codes = (code: string) => all.filter(({ json }) => json.code === code);
      expect(codes('overloaded').length).toBeGreaterThanOrEqual(10);
      expect(codes('origin_unavailable').length + codes('overloaded').length).toBe(140);
      for (const got of all) expectProblem(got, 503, got.json.code);
    } finally {
      await release();
    }
    await vi.waitFor(async () => expect((await read(700)).status).toBe(200), WAIT);
  });
});

test('a client that leaves while its answer is made harms nobody', async () => {
  const release = await servers.hold('LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
  const agent = new Agent();
  const reading = ask(`${replica.url}/products/800`, {}, agent).catch((error: Error) => error.message);
  await servers.waits('api-1');
  agent.destroy();
  expect(await reading).toBe('socket hang up');
  await release();
  await vi.waitFor(async () => expect((await read(800)).status).toBe(200), WAIT);
});

test('a log tells what failed, and no password', async () => {
  const lines: string[] = [];
  const wrong = { REDIS_URL: servers.redis.url.replace('secret', 'not-for-logs') };
  const config = readConfig(environment(servers, 'api-9', { ...wrong, LOG_LEVEL: 'trace' }));
  const log = createLog(config.logLevel, 'api-9', { write: (line) => void lines.push(line) });
  const broken = await openReplica(config, 'api-9', log);
  try {
    const got = await ask(`http://127.0.0.1:${broken.port}/products/1?secretive=1`);
    expectProblem(got, 400, 'invalid_parameter');
    expectProblem(
      await ask(`http://127.0.0.1:${broken.port}/products/1`, { method: 'PATCH', body: { stock: 1 } }),
      503,
      'cache_unreachable',
    );
    await vi.waitFor(() => expect(lines.join('')).toContain('WRONGPASS'), WAIT);
  } finally {
    await broken.drain();
  }
  const text = lines.join('');
  expect(text).not.toContain('not-for-logs');
  expect(text).not.toContain('secret@');
  const parsed = lines.map((line) => JSON.parse(line));
  expect(parsed.every(({ name }) => name === 'api-9')).toBe(true);
  expect(parsed.find(({ msg }) => msg === 'request')).toMatchObject({ level: 20, method: 'GET', status: 400 });
  expect(parsed.find(({ code }) => code === 'cache_unreachable')).toMatchObject({
    level: 40,
    method: 'PATCH',
    path: '/products/1',
    err: { code: 'E_CACHE_UNREACHABLE' },
  });
});
