/** What clients get wrong: every such request is a problem with its own code, and nothing of it is applied. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, expectProblem } from './ask.ts';
import { openTestReplica, PATIENT, type TestReplica } from './replicas.ts';
import { type Servers, startServers } from './servers.ts';

let servers: Servers;
let replica: TestReplica;

beforeAll(async () => {
  servers = await startServers();
  replica = await openTestReplica(servers, 'api-1', PATIENT);
});

afterAll(async () => {
  await replica?.drain();
  await servers?.stop();
});

const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  ask(`${replica.url}${path}`, { method, body, headers });

const PRODUCT = { sku: 'BAD-1', name: 'Lamp', description: '', category: 'lighting', priceCents: 1, stock: 1 };

describe('paths and methods', () => {
  test.each(['/', '/product/1', '/products/', '/products/1/', '/Products/1', '/products/1/purchase/x', '/favicon.ico'])(
    '%s is not there',
    async (path) => expectProblem(await send('GET', path), 404, 'not_found'),
  );

  test.each(['/internal/status', '/internal/peek?key=a', '/internal/events', '/internal', '/metrics'])(
    '%s is private, and unknown to the public listener',
    async (path) => {
      expectProblem(await send('GET', path), 404, 'not_found');
      expectProblem(await send('POST', '/internal/l1/flush'), 404, 'not_found');
    },
  );

  test.each([
    ['/products', 'GET, HEAD, POST', ['PUT', 'PATCH', 'DELETE', 'OPTIONS']],
    ['/products/1', 'GET, HEAD, PUT, PATCH, DELETE', ['POST', 'OPTIONS', 'PROPFIND']],
    ['/products/1/purchase', 'POST', ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']],
    ['/readyz', 'GET, HEAD', ['POST', 'DELETE', 'OPTIONS']],
    ['/livez', 'GET, HEAD', ['POST', 'PUT', 'OPTIONS']],
  ])('%s takes %s and nothing else', async (path, allow, others) => {
    for (const method of others) {
      const got = await send(method, path);
      expect(got.headers.allow).toBe(allow);
      if (method === 'HEAD') expect(got.status).toBe(405);
      else expectProblem(got, 405, 'method_not_allowed');
    }
  });

  test.each(['0', '-1', '01', '1.0', '1e3', '+1', 'abc', '%31x', '9007199254740992', '1'.repeat(40), '0x1', ' 1'])(
    'the id %s is refused for every method',
    async (id) => {
      const path = `/products/${encodeURI(id)}`;
      for (const [method, body] of [['GET'], ['PUT', PRODUCT], ['PATCH', { stock: 1 }], ['DELETE']] as const) {
        expectProblem(await send(method, path, body), 400, 'invalid_parameter');
      }
      expectProblem(await send('POST', `${path}/purchase`, { quantity: 1 }), 400, 'invalid_parameter');
    },
  );

  test.each(['/products/%', '/products/%zz', '/products/%E0%A4%A', '/%ff', '/products/%C3/purchase'])(
    '%s cannot be decoded',
    async (path) =>
      expectProblem(await send(path.endsWith('purchase') ? 'POST' : 'GET', path), 400, 'invalid_parameter'),
  );

  test('the largest id is one like any other', async () => {
    expectProblem(await send('GET', '/products/9007199254740991'), 404, 'not_found');
  });
});

describe('the query', () => {
  test.each([
    '/products?limit=0',
    '/products?limit=101',
    '/products?limit=',
    '/products?limit=1.5',
    '/products?limit=ten',
    '/products?limit=1&limit=1',
    '/products?after=-1',
    '/products?after=x',
    '/products?after=9007199254740992',
    '/products?category=',
    '/products?category=No+Slug',
    '/products?category=a&category=b',
    `/products?category=${'a'.repeat(129)}`,
    '/products?sort=price',
    '/products?Limit=1',
    '/products?limit[]=1',
    '/products?__proto__=1',
    '/products?category=%zz',
    '/products?%ff=1',
    '/products?limit',
    '/products?=1',
    '/products/1?fields=sku',
    '/readyz?verbose=1',
  ])('%s is refused', async (path) => expectProblem(await send('GET', path), 400, 'invalid_parameter'));

  test('on a write as well', async () => {
    expectProblem(await send('POST', '/products?dry=1', PRODUCT), 400, 'invalid_parameter');
    expectProblem(await send('PATCH', '/products/1?dry=1', { stock: 1 }), 400, 'invalid_parameter');
    expectProblem(await send('DELETE', '/products/1?dry=1'), 400, 'invalid_parameter');
  });

  test('an empty one is none', async () => {
    expect((await send('GET', '/products/1?')).status).toBe(200);
  });
});

describe('headers', () => {
  test.each([
    ['Consistency', 'Strong'],
    ['Consistency', ''],
    ['Consistency', 'strong, strong'],
    ['Consistency', 'eventual'],
    ['Consistency-Token', ''],
    ['Consistency-Token', 'x'.repeat(2_049)],
    ['Consistency-Token', 'a b'],
    ['Consistency-Token', 'a,b'],
    ['Consistency-Token', 'a"b'],
    ['Consistency-Token', '\xe4'],
    ['Cookie', 'consistency-token=a"b'],
    ['Cookie', `consistency-token=${'x'.repeat(2_049)}`],
  ])('%s: %s is refused, on reads, lists and writes', async (name, value) => {
    const headers = { [name]: value };
    expectProblem(await send('GET', '/products/1', undefined, headers), 400, 'invalid_parameter');
    expectProblem(await send('GET', '/products', undefined, headers), 400, 'invalid_parameter');
    expectProblem(await send('PATCH', '/products/1', { stock: 1 }, headers), 400, 'invalid_parameter');
  });

  test('a token of 2 KiB is taken', async () => {
    expect((await send('GET', '/products/1', undefined, { 'Consistency-Token': 'x'.repeat(2_048) })).status).toBe(200);
  });

  test.each(['', 'two words', 'x'.repeat(256), '\xe9t\xe9', 'tab\there'])(
    'the Idempotency-Key %j is refused',
    async (key) => {
      const headers = { 'Idempotency-Key': key };
      expectProblem(await send('POST', '/products', PRODUCT, headers), 400, 'invalid_parameter');
      expectProblem(await send('DELETE', '/products/1', undefined, headers), 400, 'invalid_parameter');
    },
  );

  test('an Idempotency-Key of 255 characters is taken', async () => {
    const headers = { 'Idempotency-Key': `!${'~'.repeat(254)}` };
    expect((await send('PATCH', '/products/2', { stock: 1 }, headers)).status).toBe(200);
  });
});

describe('bodies', () => {
  const fields = (got: { json: { errors: { field: string }[] } }) => got.json.errors.map(({ field }) => field).sort();

  test.each([
    ['POST', '/products', {}, ['category', 'name', 'priceCents', 'sku']],
    ['PUT', '/products/1', {}, ['category', 'description', 'name', 'priceCents', 'sku', 'stock']],
    ['PATCH', '/products/1', {}, ['']],
    ['POST', '/products/1/purchase', {}, ['quantity']],
    ['POST', '/products', { ...PRODUCT, sku: '', name: ' ', category: '' }, ['category', 'name', 'sku']],
    ['POST', '/products', { ...PRODUCT, id: 5, version: 1, colour: 'red' }, ['colour', 'id', 'version']],
    ['POST', '/products', { ...PRODUCT, priceCents: -1, stock: 1.5 }, ['priceCents', 'stock']],
    ['POST', '/products', { ...PRODUCT, priceCents: '1', stock: null }, ['priceCents', 'stock']],
    ['POST', '/products', { ...PRODUCT, priceCents: 2 ** 31, stock: 1e300 }, ['priceCents', 'stock']],
    ['PUT', '/products/1', { ...PRODUCT, name: 7, description: [], sku: {} }, ['description', 'name', 'sku']],
    ['PUT', '/products/1', { ...PRODUCT, sku: 'x'.repeat(257), name: 'x'.repeat(1_025) }, ['name', 'sku']],
    ['PATCH', '/products/1', { category: 'Not A Slug' }, ['category']],
    ['PATCH', '/products/1', { category: 'a--b' }, ['category']],
    ['PATCH', '/products/1', { name: 'a\0b' }, ['name']],
    ['PATCH', '/products/1', { description: '\ud800' }, ['description']],
    ['PATCH', '/products/1', '{"__proto__": {"stock": 1}}', ['', '__proto__']],
    ['PATCH', '/products/1', { stock: 1, constructor: 1 }, ['constructor']],
    ['POST', '/products/1/purchase', { quantity: 0 }, ['quantity']],
    ['POST', '/products/1/purchase', { quantity: 1, price: 0 }, ['price']],
    ['POST', '/products', '[]', ['']],
    ['POST', '/products', 'null', ['']],
    ['POST', '/products', '"text"', ['']],
    ['POST', '/products', '{"sku": ', ['']],
    ['POST', '/products', '{"sku": "a",}', ['']],
    ['POST', '/products', 'sku=a', ['']],
    ['PATCH', '/products/1', '', ['']],
  ])('%s %s %j names %j', async (method, path, body, expected) => {
    const got = await send(method, path, body);
    expectProblem(got, 400, 'invalid_body');
    expect(fields(got)).toEqual(expected);
    for (const error of got.json.errors) {
      expect(error).toEqual({ field: expect.any(String), message: expect.stringMatching(/./) });
    }
  });

  test('none at all is one that does not fit', async () => {
    expectProblem(await send('POST', '/products'), 400, 'invalid_body');
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonx',
    '',
  ])('of the type %j is not taken', async (type) => {
    const got = await send('POST', '/products', PRODUCT, { 'Content-Type': type });
    expectProblem(got, 415, 'unsupported_media_type');
  });

  test('compressed is not taken', async () => {
    const got = await send('POST', '/products', PRODUCT, { 'Content-Encoding': 'gzip' });
    expectProblem(got, 415, 'unsupported_media_type');
  });

  test.each(['application/json', 'Application/JSON;charset=UTF-8', 'application/json ; charset="utf-8"'])(
    'of the type %s is taken',
    async (type) => {
      const got = await send('PATCH', '/products/3', { stock: 2 }, { 'Content-Type': type });
      expect(got.status).toBe(200);
    },
  );

  const sized = (bytes: number) => {
    const rest = JSON.stringify({ ...PRODUCT, sku: 'BIG-1' });
    return JSON.stringify({ ...PRODUCT, sku: 'BIG-1', description: 'x'.repeat(bytes - rest.length) });
  };

  test('of 64 KiB are taken, of one byte more not, announced or not', async () => {
    const chunked = { 'Transfer-Encoding': 'chunked' };
    for (const headers of [{}, chunked] as Record<string, string>[]) {
      const asked = { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' } };
      const tooLarge = await ask(`${replica.url}/products`, { ...asked, body: sized((64 << 10) + 1) });
      expectProblem(tooLarge, 413, 'payload_too_large');
    }
    expect((await send('POST', '/products', sized(64 << 10))).status).toBe(201);
  });

  test('of much more do not bring down the connection before they are refused', async () => {
    const got = await send('POST', '/products', `"${'x'.repeat(3 << 20)}"`);
    expectProblem(got, 413, 'payload_too_large');
  });
});

describe('what is not even HTTP', () => {
  /** Everything that is answered to these bytes until the connection ends. */
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let said = '';
      const socket = connect(replica.port, '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(said));
    });

  test.each([
    ['no request line', 'nonsense\r\n\r\n', 400, 'invalid_parameter'],
    ['an unknown method', 'BREW /products HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid_parameter'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n', 400, 'invalid_parameter'],
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(50_000)}\r\n\r\n`,
      400,
      'invalid_parameter',
    ],
    ['no Host', 'GET /products/1 HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_parameter'],
    [
      'two lengths',
      'POST /products HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
      400,
      'invalid_parameter',
    ],
  ])('%s: %i', async (_, text, status, code) => {
    const said = await raw(text);
    expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(said).toMatch(/\r\nX-Served-By: api-1\r\n/);
    expect(said).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
    expect(JSON.parse(said.slice(said.indexOf('\r\n\r\n')))).toMatchObject({ status, code });
  });

  test('an expectation that nobody knows is no reason to refuse', async () => {
    const said = await raw('GET /livez HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nConnection: close\r\n\r\n');
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test('nothing of all this was applied', async () => {
  expect(await servers.sql("SELECT id FROM products WHERE sku LIKE 'BAD-%'")).toEqual([]);
  expect(await servers.sql('SELECT version FROM products WHERE id = 1')).toEqual([{ version: '1' }]);
});
