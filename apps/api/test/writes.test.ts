/** What a write answers, and when it is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Asked, ask, expectProblem, type Got, insist } from './ask.ts';
import { create, fields, whole } from './products.ts';
import { openTestReplica, PATIENT, PATIENT_MS, type TestReplica } from './replicas.ts';
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
});

afterAll(async () => {
  await Promise.all([first?.drain(), second?.drain()]);
  await servers?.stop();
});

const send = (method: string, path: string, asked: Asked = {}) => ask(`${first.url}${path}`, { method, ...asked });
const read = (path: string) => ask(`${first.url}${path}`);

const created = (more?: object) => create(first, more);

function expectWrite(got: Got, status: number, version: number): void {
  expect(got.status).toBe(status);
  expect(got.headers).toMatchObject({
    'x-served-by': 'api-1',
    'x-cache': 'BYPASS',
    age: '0',
    'x-cache-proof': `age=0;bound=${PATIENT_MS}`,
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
      Array.from({ length: 20 }, (_, i) => {
        const headers = { 'Idempotency-Key': `buyer-${i}` };
        return insist(`${(i % 2 ? first : second).url}${path}/purchase`, {
          method: 'POST',
          headers,
          body: { quantity: 1 },
        });
      }),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(7);
    expect(all.filter(({ json }) => json.code === 'insufficient_stock')).toHaveLength(13);
    expect((await read(path)).json).toMatchObject({ stock: 0, version: 8 });
  });
});
