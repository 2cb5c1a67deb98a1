/** What a write answers, when it is refused, and that one Idempotency-Key is one write. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, ask, expectProblem, type Got } from './ask.ts';
import { openTestReplica, quarantineOver, type TestReplica } from './replicas.ts';
import { type Servers, startServers } from './servers.ts';

let servers: Servers;
let first: TestReplica;
let second: TestReplica;

beforeAll(async () => {
  servers = await startServers();
  [first, second] = await Promise.all([openTestReplica(servers, 'api-1'), openTestReplica(servers, 'api-2')]);
});

afterAll(async () => {
  await Promise.all([first?.drain(), second?.drain()]);
  await servers?.stop();
});

const send = (method: string, path: string, asked: Asked = {}) => ask(`${first.url}${path}`, { method, ...asked });
const read = (path: string) => ask(`${first.url}${path}`);

let made = 0;
const fields = (more: object = {}) => ({
  sku: `SKU-${++made}`,
  name: 'Lamp',
  category: 'lighting',
  priceCents: 1_900,
  ...more,
});
const whole = (more: object = {}) => fields({ description: 'Bright.', stock: 3, ...more });
async function created(more: object = {}): Promise<{ id: number; sku: string; path: string }> {
  const { json } = await send('POST', '/products', { body: fields(more) });
  return { ...json, path: `/products/${json.id}` };
}

function expectWrite(got: Got, status: number, version: number): void {
  expect(got.status).toBe(status);
  expect(got.headers).toMatchObject({
    'x-served-by': 'api-1',
    'x-cache': 'BYPASS',
    age: '0',
    'x-cache-proof': 'age=0;bound=1000',
    'x-item-version': String(version),
    'consistency-token': expect.stringMatching(/^[\w.~-]+$/),
    'server-timing': expect.stringMatching(/^cache;desc="BYPASS";dur=[\d.]+, origin;dur=[\d.]+$/),
  });
}

describe('POST /products', () => {
  test('creates: 201, Location and the product, with its defaults', async () => {
    const body = fields();
    const got = await send('POST', '/products', { body });
    expectWrite(got, 201, 1);
    const { id } = got.json;
    expect(got.headers).toMatchObject({ location: `/products/${id}`, etag: `"${id}-1"` });
    expect(got.json).toEqual({ ...body, id, description: '', stock: 0, version: 1, updatedAt: expect.any(String) });
    expect((await read(`/products/${id}`)).json).toEqual(got.json);
  });

  test('an id that was asked for before it was given is no longer a 404', async () => {
    const { id } = await created();
    expectProblem(await read(`/products/${id + 1}`), 404, 'not_found');
    expect((await created()).id).toBe(id + 1);
    expect((await read(`/products/${id + 1}`)).status).toBe(200);
  });

  test('a sku that another product has is refused; one of a deleted product is free', async () => {
    const { sku, path } = await created();
    const again = () => send('POST', '/products', { body: fields({ sku }) });
    const refused = await again();
    expectProblem(refused, 409, 'duplicate_sku');
    expect(refused.headers['x-item-version']).toBeUndefined();
    await send('DELETE', path);
    expect((await again()).status).toBe(201);
  });
});

describe('PUT, PATCH and DELETE', () => {
  test('each is one version, and the next read shows it', async () => {
    const { id, path } = await created();
    const body = whole();
    const put = await send('PUT', path, { body });
    expectWrite(put, 200, 2);
    expect(put.headers.etag).toBe(`"${id}-2"`);
    expect(put.json).toEqual({ ...body, id, version: 2, updatedAt: expect.any(String) });
    const patch = await send('PATCH', path, { body: { priceCents: 5 } });
    expectWrite(patch, 200, 3);
    expect(patch.json).toEqual({ ...put.json, priceCents: 5, version: 3, updatedAt: expect.any(String) });
    expect((await read(path)).json).toEqual(patch.json);
    const gone = await send('DELETE', path);
    expectWrite(gone, 204, 4);
    expect(gone.text).toBe('');
    const missing = await read(path);
    expectProblem(missing, 404, 'not_found');
    expect(missing.headers['x-item-version']).toBe('4');
  });

  test('on a deleted id only PUT does something: it continues the product, 201', async () => {
    const { id, path } = await created();
    await send('DELETE', path);
    for (const [method, body] of [['PATCH', { stock: 1 }], ['DELETE'], ['POST', { quantity: 1 }]] as const) {
      const got = await send(method, method === 'POST' ? `${path}/purchase` : path, { body });
      expectProblem(got, 404, 'not_found');
      expect(got.headers['x-item-version']).toBe('2');
    }
    const put = await send('PUT', path, { body: whole() });
    expectWrite(put, 201, 3);
    expect(put.headers).toMatchObject({ location: path, etag: `"${id}-3"` });
    expect((await read(path)).json).toEqual(put.json);
  });

  test('on an id that never was all of them are 404 without a version', async () => {
    for (const [method, body] of [['PUT', whole()], ['PATCH', { stock: 1 }], ['DELETE']] as const) {
      const got = await send(method, '/products/88001', { body });
      expectProblem(got, 404, 'not_found');
      expect(got.headers['x-item-version']).toBeUndefined();
    }
    expectProblem(await send('POST', '/products/88001/purchase', { body: { quantity: 1 } }), 404, 'not_found');
  });

  test('a sku cannot be taken from another product', async () => {
    const [one, other] = [await created(), await created()];
    expectProblem(await send('PATCH', one.path, { body: { sku: other.sku } }), 409, 'duplicate_sku');
    expectProblem(await send('PUT', one.path, { body: whole({ sku: other.sku }) }), 409, 'duplicate_sku');
    expect((await read(one.path)).json).toMatchObject({ sku: one.sku, version: 1 });
  });
});

describe('If-Match', () => {
  const attempts = [
    ['PUT', () => whole()],
    ['PATCH', () => ({ stock: 8 })],
    ['DELETE', () => undefined],
  ] as const;

  test.each(attempts)('%s passes with the present tag, once', async (method, body) => {
    const { id, path } = await created();
    const headers = { 'If-Match': `"${id}-1"` };
    expect((await send(method, path, { headers, body: body() })).status).toBeLessThan(300);
    const late = await send(method, path, { headers, body: body() });
    expectProblem(late, 412, 'precondition_failed');
    expect(late.headers['x-item-version']).toBe('2');
  });

  test.each([
    ['*', 200],
    [(id: number) => `"x", "${id}-7" , "${id}-1"`, 200],
    [(id: number) => `W/"${id}-1"`, 412],
    [(id: number) => `"${id}-2"`, 412],
    [(id: number) => `"${id + 1}-1"`, 412],
    [(id: number) => `${id}-1`, 412],
    ['', 412],
    ['nonsense', 412],
  ])('%s: %i', async (tag, status) => {
    const { id, path } = await created();
    const headers = { 'If-Match': typeof tag === 'string' ? tag : tag(id) };
    expect((await send('PATCH', path, { headers, body: { stock: 1 } })).status).toBe(status);
  });

  test.each(attempts)('%s on an absent row is 412, whatever is named', async (method, body) => {
    const { id, path } = await created();
    await send('DELETE', path);
    for (const tag of ['*', `"${id}-1"`, `"${id}-2"`]) {
      const headers = { 'If-Match': tag };
      expectProblem(await send(method, path, { headers, body: body() }), 412, 'precondition_failed');
      expectProblem(await send(method, '/products/88002', { headers, body: body() }), 412, 'precondition_failed');
    }
  });

  test('of two conditional writes at the same time one passes', async () => {
    const { id, path } = await created();
    const headers = { 'If-Match': `"${id}-1"` };
    const both = await Promise.all(
      [first, second].map(({ url }, stock) => ask(`${url}${path}`, { method: 'PATCH', headers, body: { stock } })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});

describe('purchase', () => {
  test('lowers the stock until there is not enough', async () => {
    const { path } = await created({ stock: 5 });
    const buy = (quantity: number) => send('POST', `${path}/purchase`, { body: { quantity } });
    const bought = await buy(3);
    expectWrite(bought, 200, 2);
    expect(bought.json).toMatchObject({ stock: 2, version: 2 });
    const refused = await buy(3);
    expectProblem(refused, 409, 'insufficient_stock');
    expect(refused.headers['x-item-version']).toBe('2');
    expect((await buy(2)).json).toMatchObject({ stock: 0, version: 3 });
  });

  test('many at once, over both replicas, sell what is there and no more', async () => {
    const { path } = await created({ stock: 7 });
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        ask(`${(i % 2 ? first : second).url}${path}/purchase`, { method: 'POST', body: { quantity: 1 } }),
      ),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(7);
    expect(all.filter(({ json }) => json.code === 'insufficient_stock')).toHaveLength(13);
    expect((await read(path)).json).toMatchObject({ stock: 0, version: 8 });
  });
});

describe('Idempotency-Key', () => {
  let keys = 0;
  const key = () => ({ 'Idempotency-Key': `key-${++keys}` });

  test('the same request again has the same answer, at any replica, and is applied once', async () => {
    const headers = key();
    const { path } = await created({ stock: 9 });
    const buy = { method: 'POST', headers, body: { quantity: 2 } };
    const bought = await ask(`${first.url}${path}/purchase`, buy);
    await send('PATCH', path, { body: { stock: 50 } });
    const again = await ask(`${second.url}${path}/purchase`, buy);
    expect(bought.json).toMatchObject({ stock: 7, version: 2 });
    expect([again.status, again.text, again.headers.etag]).toEqual([200, bought.text, bought.headers.etag]);
    expect((await read(path)).json).toMatchObject({ stock: 50, version: 3 });
  });

  test('a creation is repeated, under the id that it was given', async () => {
    const asked = { headers: key(), body: fields() };
    const [one, again] = [await send('POST', '/products', asked), await send('POST', '/products', asked)];
    expect([again.status, again.text, again.headers.location]).toEqual([201, one.text, one.headers.location]);
  });

  test.each([
    ['404', 404, () => ({ method: 'DELETE', path: '/products/88003' })],
    ['412', 412, (path: string) => ({ method: 'PATCH', path, headers: { 'If-Match': '"1-1"' }, body: { stock: 1 } })],
    ['409', 409, (path: string) => ({ method: 'POST', path: `${path}/purchase`, body: { quantity: 9 } })],
  ] as const)('a %s is remembered as well', async (_, status, asking) => {
    const { path } = await created({ stock: 1 });
    const { path: at, ...asked } = { headers: {}, ...asking(path) };
    const headers = { ...asked.headers, ...key() };
    const refused = await send(asked.method, at, { ...asked, headers });
    expect(refused.status).toBe(status);
    // What made it fail is gone, and the answer is what it was.
    await send('PUT', path, { body: whole({ stock: 20 }) });
    const again = await send(asked.method, at, { ...asked, headers });
    expect([again.status, again.text]).toEqual([status, refused.text]);
  });

  test('the members of a body have no order', async () => {
    const { path } = await created();
    const headers = key();
    await send('PATCH', path, { headers, body: { stock: 4, priceCents: 3 } });
    const again = await send('PATCH', path, { headers, body: '{ "priceCents": 3.0, "stock":4}' });
    expect(again.status).toBe(200);
    expect(again.json.version).toBe(2);
  });

  test.each([
    ['another body', (path: string) => ['PATCH', path, {}, { stock: 2 }]],
    ['another condition', (path: string) => ['PATCH', path, { 'If-Match': '*' }, { stock: 1 }]],
    ['another product', () => ['PATCH', '/products/1', {}, { stock: 1 }]],
    ['another method', (path: string) => ['DELETE', path, {}, undefined]],
    ['a creation', () => ['POST', '/products', {}, fields()]],
  ] as [string, (path: string) => [string, string, Record<string, string>, object | undefined]][])(
    'with %s it is refused, and nothing happens',
    async (_, other) => {
      const { path } = await created();
      const headers = key();
      expect((await send('PATCH', path, { headers, body: { stock: 1 } })).status).toBe(200);
      const [method, at, more, body] = other(path);
      const before = await read(at);
      expectProblem(await send(method, at, { headers: { ...headers, ...more }, body }), 422, 'idempotency_mismatch');
      expect((await read(at)).text).toBe(before.text);
    },
  );

  test('many at the same time are one write', async () => {
    const { path } = await created({ stock: 100 });
    const asked = { method: 'POST', headers: key(), body: { quantity: 1 } };
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => ask(`${(i % 2 ? first : second).url}${path}/purchase`, asked)),
    );
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect((await read(path)).json).toMatchObject({ stock: 99, version: 2 });
  });

  test('many creations at the same time are one product', async () => {
    const asked = { method: 'POST', headers: key(), body: fields({ category: 'only-one' }) };
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, i) => ask(`${(i % 2 ? first : second).url}/products`, asked)),
    );
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(all[0]?.status).toBe(201);
    expect((await read('/products?category=only-one')).json.items).toHaveLength(1);
  });

  test('a creation that somebody else commits meanwhile is invalidated under the id that it has there', async () => {
    await quarantineOver(first);
    const body = fields();
    // As another replica would: the same request under the same key, to which it has given the id 70001.
    await send('POST', '/products', { headers: { 'Idempotency-Key': 'probe' }, body });
    const [{ fingerprint } = {}] = await servers.sql(`SELECT fingerprint FROM idempotency WHERE key = 'probe'`);
    const product = {
      ...body,
      id: 70_001,
      sku: 'RACED',
      description: '',
      stock: 0,
      version: 1,
      updatedAt: '2026-01-01',
    };
    const outcome = JSON.stringify({ is: 'created', product });
    const commit = await servers.hold(
      `INSERT INTO products (id, sku, name, category, price_cents) VALUES (70001, 'RACED', 'Lamp', 'lighting', 1900)`,
      `INSERT INTO idempotency (key, fingerprint, outcome, tags)
        VALUES ('raced', '${fingerprint}', '${outcome}', '{products,category:lighting}')`,
    );
    expect((await read('/products/70001')).headers['x-cache']).toBe('ORIGIN');
    expect((await read('/products/70001')).headers['x-cache']).toBe('L1');
    const creating = send('POST', '/products', { headers: { 'Idempotency-Key': 'raced' }, body });
    await servers.waits('api-1');
    await commit();
    const got = await creating;
    expect([got.status, got.headers.location]).toEqual([201, '/products/70001']);
    expect((await read('/products/70001')).status).toBe(200);
  });

  test('without one, each request is a write of its own', async () => {
    const { path } = await created();
    for (const version of [2, 3]) {
      expect((await send('PATCH', path, { body: { stock: 1 } })).json.version).toBe(version);
    }
  });
});
