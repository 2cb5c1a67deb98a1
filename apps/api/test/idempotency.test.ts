/** One Idempotency-Key is one write, whichever replica hears it, however often and however closely together. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Asked, ask, expectProblem, insist } from './ask.ts';
import { create, fields, whole } from './products.ts';
import { openTestReplica, PATIENT, quarantineOver, type TestReplica } from './replicas.ts';
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
    Array.from({ length: 10 }, (_, i) => insist(`${(i % 2 ? first : second).url}${path}/purchase`, asked)),
  );
  expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect((await read(path)).json).toMatchObject({ stock: 99, version: 2 });
});

test('many creations at the same time are one product', async () => {
  const asked = { method: 'POST', headers: key(), body: fields({ category: 'only-one' }) };
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, i) => insist(`${(i % 2 ? first : second).url}/products`, asked)),
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
