/** What a read answers: every status and header of docs/HTTP.md, from L1, from L2, from the origin and past the cache. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, expectProblem } from './ask.ts';
import { openTestReplica, PATIENT, PATIENT_MS, quarantineOver, type TestReplica } from './replicas.ts';
import { type Servers, startServers } from './servers.ts';

let servers: Servers;
let first: TestReplica;
let second: TestReplica;

beforeAll(async () => {
  servers = await startServers();
  [first, second] = await Promise.all([
    openTestReplica(servers, 'api-1', PATIENT),
    openTestReplica(servers, 'api-2', PATIENT),
  ]);
  await quarantineOver(first);
  await quarantineOver(second);
});

afterAll(async () => {
  await Promise.all([first?.drain(), second?.drain()]);
  await servers?.stop();
});

/** S of a replica that is told nothing else, ms. */
const BOUND_MS = 1_000;

const READ_HEADERS = {
  'x-served-by': 'api-1',
  age: expect.stringMatching(/^\d+$/),
  'x-cache-proof': expect.stringMatching(new RegExp(`^age=\\d+(\\.\\d+)?;bound=${PATIENT_MS}$`)),
  'consistency-token': expect.stringMatching(/^[\w.~-]+$/),
  'server-timing': expect.stringMatching(/^cache;desc="(L1|L2|ORIGIN|BYPASS)";dur=\d/),
  'cache-control': 'no-cache',
};

describe('a product', () => {
  test('comes from the origin, then from L1, then from L2 to another replica, always the same', async () => {
    const loaded = await ask(`${first.url}/products/101`);
    const hit = await ask(`${first.url}/products/101`);
    const shared = await ask(`${second.url}/products/101`);
    expect([loaded, hit, shared].map(({ headers }) => headers['x-cache'])).toEqual(['ORIGIN', 'L1', 'L2']);
    for (const got of [loaded, hit]) {
      expect(got.status).toBe(200);
      expect(got.headers).toMatchObject({
        ...READ_HEADERS,
        'x-item-version': '1',
        etag: '"101-1"',
        'content-type': 'application/json; charset=utf-8',
      });
    }
    expect(loaded.headers['server-timing']).toMatch(/, origin;dur=\d/);
    expect(hit.headers['server-timing']).not.toContain('origin');
    expect(shared.headers['x-served-by']).toBe('api-2');
    expect(Object.keys(loaded.json)).toEqual([
      'id',
      'sku',
      'name',
      'description',
      'category',
      'priceCents',
      'stock',
      'version',
      'updatedAt',
    ]);
    expect(loaded.json).toMatchObject({ id: 101, version: 1, updatedAt: expect.stringMatching(/^\d{4}-.*T.*Z$/) });
    expect([hit.text, shared.text]).toEqual([loaded.text, loaded.text]);
  });

  test('HEAD is GET without the body', async () => {
    const got = await ask(`${first.url}/products/101`);
    const head = await ask(`${first.url}/products/101`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(String(got.text.length));
    expect(head.headers).toMatchObject({ ...READ_HEADERS, etag: '"101-1"', 'x-item-version': '1' });
  });

  test('that never was is a cached 404 without a version', async () => {
    const [loaded, hit] = [await ask(`${first.url}/products/99001`), await ask(`${first.url}/products/99001`)];
    for (const got of [loaded, hit]) {
      expectProblem(got, 404, 'not_found');
      expect(got.headers).toMatchObject(READ_HEADERS);
      expect(got.headers['x-item-version']).toBeUndefined();
      expect(got.headers.etag).toBeUndefined();
    }
    expect([loaded, hit].map(({ headers }) => headers['x-cache'])).toEqual(['ORIGIN', 'L1']);
  });

  test('that was deleted, even in SQL, is a 404 with the version of its tombstone', async () => {
    await servers.sql('DELETE FROM products WHERE id = 102');
    const got = await ask(`${first.url}/products/102`);
    expectProblem(got, 404, 'not_found');
    expect(got.headers).toMatchObject({ ...READ_HEADERS, 'x-item-version': '2' });
  });
});

describe('levels', () => {
  const tier = async (headers: Record<string, string>, path = '/products/103') =>
    (await ask(`${first.url}${path}`, { headers })).headers['x-cache'];
  let token = '';

  beforeAll(async () => {
    token = String((await ask(`${first.url}/products/103`)).headers['consistency-token']);
    expect(await tier({})).toBe('L1');
  });

  test.each([
    ['bounded', { Consistency: 'bounded' }, 'L1'],
    ['bounded with a token', () => ({ Consistency: 'bounded', 'Consistency-Token': token }), 'L1'],
    ['strong', { Consistency: 'strong' }, 'L2'],
    ['session', { Consistency: 'session' }, 'L1'],
    ['a token in the header', () => ({ 'Consistency-Token': token }), 'L1'],
    ['a token in the cookie', () => ({ Cookie: `theme=dark; consistency-token=${token}; x=y` }), 'L1'],
    // Only the origin is known to have what such a client has seen.
    ['a foreign token', { 'Consistency-Token': '2~0~0.ffffffffffffffff.5' }, 'BYPASS'],
    ['a token of another shape', { 'Consistency-Token': 'what_is-this~' }, 'BYPASS'],
    [
      'the header before a cookie that is malformed',
      { 'Consistency-Token': '2~', Cookie: 'consistency-token=<>' },
      'BYPASS',
    ],
  ])('%s', async (_, headers, expected) => {
    expect(await tier(typeof headers === 'function' ? headers() : headers)).toBe(expected);
  });

  test('an answer’s token includes the request’s', async () => {
    const write = await ask(`${first.url}/products/104`, { method: 'PATCH', body: { stock: 5 } });
    const newest = String(write.headers['consistency-token']);
    const clock = (of: string) => Number.parseInt(of.split('.')[2] ?? '', 36);
    const read = await ask(`${first.url}/products/103`, {
      headers: { Consistency: 'bounded', 'Consistency-Token': newest },
    });
    expect(read.headers['x-cache']).toBe('L1');
    expect(clock(newest)).toBeGreaterThan(clock(token));
    expect(clock(String(read.headers['consistency-token']))).toBe(clock(newest));
  });
});

describe('a list', () => {
  const list = (query: string, asked = {}) => ask(`${first.url}/products${query}`, asked);

  test('is in order of id, 20 of them, and goes on after `next`', async () => {
    const got = await list('');
    expect(got.status).toBe(200);
    expect(got.headers).toMatchObject(READ_HEADERS);
    expect(got.headers['x-item-version']).toBeUndefined();
    const ids = got.json.items.map(({ id }: { id: number }) => id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(got.json.next).toBe(20);
    expect((await list('?limit=1&after=20')).json.items[0].id).toBe(21);
  });

  test('its first item is what the product’s own path shows', async () => {
    const { items } = (await list('?after=105&limit=1')).json;
    expect(items).toEqual([(await ask(`${first.url}/products/106`)).json]);
  });

  test('ends with `next` null', async () => {
    expect((await list('?after=9007199254740991')).json).toEqual({ items: [], next: null });
    expect((await list('?after=9998&limit=100')).json).toMatchObject({
      items: [{ id: 9999 }, { id: 10_000 }],
      next: null,
    });
  });

  test('of a category has only that', async () => {
    const { category } = (await ask(`${first.url}/products/1`)).json;
    const got = await list(`?category=${category}&limit=100`);
    expect(got.json.items).toHaveLength(100);
    expect(new Set(got.json.items.map((item: { category: string }) => item.category))).toEqual(new Set([category]));
    expect((await list('?category=no-such')).json).toEqual({ items: [], next: null });
  });

  test('is cached whatever the order of its query, and invalidated when a product of its category changes', async () => {
    const { category } = (await ask(`${first.url}/products/200`)).json;
    const tiers = [];
    for (const query of [`?category=${category}&limit=3`, `?limit=3&category=${category}&`]) {
      tiers.push((await list(query)).headers['x-cache']);
    }
    expect(tiers).toEqual(['ORIGIN', 'L1']);
    await ask(`${first.url}/products/200`, { method: 'PATCH', body: { stock: 9 } });
    expect((await list(`?category=${category}&limit=3`)).headers['x-cache']).toBe('ORIGIN');
  });

  test('a change of category changes both lists', async () => {
    const create = { sku: 'MOVES', name: 'Moves', category: 'from-here', priceCents: 1 };
    const { id } = (await ask(`${first.url}/products`, { method: 'POST', body: create })).json;
    const ids = async (category: string) =>
      (await list(`?category=${category}`)).json.items.map((item: { id: number }) => item.id);
    expect([await ids('from-here'), await ids('to-there')]).toEqual([[id], []]);
    await ask(`${first.url}/products/${id}`, { method: 'PATCH', body: { category: 'to-there' } });
    expect([await ids('from-here'), await ids('to-there')]).toEqual([[], [id]]);
  });

  test('at a stronger level goes to the origin', async () => {
    // Of a category of which no test changes anything: the relay may still invalidate what a write before has.
    const query = `?category=${(await ask(`${first.url}/products/201`)).json.category}&limit=4`;
    await list(query);
    for (const headers of [{ Consistency: 'strong' }, { Consistency: 'session' }, { 'Consistency-Token': '2~' }]) {
      expect((await list(query, { headers })).headers['x-cache']).toBe('BYPASS');
    }
    expect((await list(query)).headers['x-cache']).toBe('L1');
  });
});

describe('If-None-Match', () => {
  test.each([
    ['"101-1"', 304],
    ['W/"101-1"', 304],
    ['"1-1", W/"101-1"', 304],
    ['*', 304],
    ['"101-2"', 200],
    ['"102-1"', 200],
    ['101-1', 200],
    ['', 200],
  ])('%s on version 1 of product 101: %i', async (tag, status) => {
    const got = await ask(`${first.url}/products/101`, { headers: { 'If-None-Match': tag } });
    expect(got.status).toBe(status);
    expect(got.headers).toMatchObject({ ...READ_HEADERS, etag: '"101-1"', 'x-item-version': '1' });
    if (status !== 304) return;
    expect(got.text).toBe('');
    expect(got.headers['content-length']).toBeUndefined();
    expect(got.headers['content-type']).toBeUndefined();
  });

  test('a list has an opaque tag that changes with it', async () => {
    const url = `${first.url}/products?after=300&limit=2`;
    const { etag = '' } = (await ask(url)).headers;
    expect(etag).toMatch(/^"[^"]+"$/);
    expect((await ask(url, { headers: { 'If-None-Match': etag } })).status).toBe(304);
    await ask(`${first.url}/products/301`, { method: 'PATCH', body: { stock: 4 } });
    expect((await ask(url, { headers: { 'If-None-Match': etag } })).status).toBe(200);
  });

  test('a 404 is no match, not even for *', async () => {
    const headers = { 'If-None-Match': '*' };
    expectProblem(await ask(`${first.url}/products/99001`, { headers }), 404, 'not_found');
  });
});

test('a write through one replica is seen through the other within the bound', async () => {
  const other = await openTestReplica(servers, 'api-3');
  try {
    const read = () => ask(`${other.url}/products/107`);
    await expect.poll(async () => (await read()).headers['x-cache']).toBe('L1');
    await ask(`${first.url}/products/107`, { method: 'PATCH', body: { priceCents: 77_777 } });
    const acknowledged = performance.now();
    // What is promised is no time until the new value, but that no read that begins later has the old one.
    let staleMs = 0;
    const seen = async () => {
      const beganMs = performance.now() - acknowledged;
      const { priceCents } = (await read()).json;
      if (priceCents !== 77_777) staleMs = beganMs;
      return priceCents;
    };
    await expect.poll(seen, { interval: 5 }).toBe(77_777);
    expect(staleMs).toBeLessThanOrEqual(BOUND_MS);
  } finally {
    await other.drain();
  }
});

test('the naive protocol serves the same routes, and says that it proves nothing', async () => {
  const naive = await openTestReplica(servers, 'naive-1', { CACHE_PROTOCOL: 'naive' });
  try {
    const [loaded, hit] = [await ask(`${naive.url}/products/108`), await ask(`${naive.url}/products/108`)];
    expect(hit.headers['x-cache']).toBe('L1');
    expect(hit.headers['x-cache-proof']).toMatch(/^age=0;bound=\d+;unproven$/);
    expect(hit.text).toBe(loaded.text);
    expect((await ask(`${naive.internal}/internal/status`)).json).toMatchObject({ name: 'naive-1', state: 'ready' });
  } finally {
    await naive.drain();
  }
});
