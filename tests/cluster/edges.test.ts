/**
 * The edges of the cluster, from outside: private endpoints cannot be reached through nginx however the path is spelt,
 * and whatever a client sends that is no good gets a problem with the code of the contract, nginx' own answers included.
 */
import { connect } from 'node:net';
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, ask, header, jsonOf, type Question } from '../lib/client.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ replicas: 2, env: { LOG_LEVEL: 'warn' } });
});

afterAll(() => cluster.stop());

const json = (body: unknown): Question => ({ method: 'POST', json: body });
const product = { sku: 'edge', name: 'Edge', category: 'edges', priceCents: 1 };

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.body).toBe(status);
  expect(header(answer, 'content-type')).toMatch(/^application\/problem\+json/);
  expect(jsonOf(answer)).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String) });
}

describe('private endpoints', () => {
  const paths = ['/internal/status', '/internal/peek?key=product:1', '/internal/events', '/metrics', '/internal'];

  test('answer on the private listener', async () => {
    const { replicas } = await cluster.status();
    for (const path of ['/internal/status', '/internal/peek?key=product:1', '/metrics']) {
      expect((await ask(`${replicas[0]?.internal}${path}`)).status).toBe(200);
    }
  });

  test.each([
    ...paths,
    '//internal/status',
    '/./internal/status',
    '/products/../internal/status',
    '/%69nternal/status',
    '/internal%2fstatus',
    '/INTERNAL/status',
    '/metrics/',
    '/products/1/../../metrics',
  ])('are not there through nginx: %s', async (path) => {
    expectProblem(await asWritten(cluster.url, path), 404, 'not_found');
  });

  test.each(paths)('nor on the public listener of a replica: %s', async (path) => {
    const { replicas } = await cluster.status();
    expectProblem(await ask(`${replicas[0]?.url}${path}`), 404, 'not_found');
  });

  test('and flushing L1 is not to be had from outside', async () => {
    expectProblem(await ask(`${cluster.url}/internal/l1/flush`, { method: 'POST' }), 404, 'not_found');
  });
});

describe('what is no good', () => {
  const cases: [string, string, Question, number, string][] = [
    ['an id of zero', '/products/0', {}, 400, 'invalid_parameter'],
    ['an id that is no number', '/products/abc', {}, 400, 'invalid_parameter'],
    ['an id that is too large', '/products/99999999999999999999', {}, 400, 'invalid_parameter'],
    ['an unknown query name', '/products?colour=red', {}, 400, 'invalid_parameter'],
    ['a limit of 101', '/products?limit=101', {}, 400, 'invalid_parameter'],
    ['a broken escape', '/products/%zz', {}, 400, 'invalid_parameter'],
    ['an unknown level', '/products/1', { headers: { consistency: 'eventual' } }, 400, 'invalid_parameter'],
    [
      'an endless token',
      '/products/1',
      { headers: { 'consistency-token': 'x'.repeat(2_049) } },
      400,
      'invalid_parameter',
    ],
    ['an absent product', '/products/999999', {}, 404, 'not_found'],
    ['an unknown path', '/nothing', {}, 404, 'not_found'],
    ['a method that is not served', '/products', { method: 'DELETE' }, 405, 'method_not_allowed'],
    ['a body that is no JSON', '/products', json('{'), 400, 'invalid_body'],
    ['a body with too little', '/products', json({}), 400, 'invalid_body'],
    ['a body with too much', '/products', json({ ...product, colour: 'red' }), 400, 'invalid_body'],
    ['an empty patch', '/products/1', { method: 'PATCH', json: {} }, 400, 'invalid_body'],
    ['a negative price', '/products', json({ ...product, priceCents: -1 }), 400, 'invalid_body'],
    ['a quantity of zero', '/products/1/purchase', json({ quantity: 0 }), 400, 'invalid_body'],
    ['too much at once', '/products/1/purchase', json({ quantity: 1_000_000 }), 409, 'insufficient_stock'],
    [
      'a body over 64 KiB',
      '/products',
      json({ ...product, description: 'x'.repeat(65_536) }),
      413,
      'payload_too_large',
    ],
    [
      'a form',
      '/products',
      { method: 'POST', json: 'a=b', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    [
      'an old version',
      '/products/1',
      { method: 'PATCH', json: { stock: 1 }, headers: { 'if-match': '"1-999"' } },
      412,
      'precondition_failed',
    ],
  ];

  test.each(cases)('%s, through nginx', async (_what, path, question, status, code) => {
    expectProblem(await ask(`${cluster.url}${path}`, question), status, code);
  });

  test.each(cases)('%s, asked of a replica', async (_what, path, question, status, code) => {
    const { replicas } = await cluster.status();
    expectProblem(await ask(`${replicas[1]?.url}${path}`, question), status, code);
  });

  test('a header that is too large for nginx', async () => {
    const answer = await ask(`${cluster.url}/products/1`, { headers: { 'x-large': 'x'.repeat(9_000) } });
    expectProblem(answer, 400, 'invalid_parameter');
  });
});

test('a write without a key is retried by nginx under its own, and applied once', async () => {
  const before = jsonOf<{ stock: number; version: number }>(await ask(`${cluster.url}/products/77`));
  const answer = await ask(`${cluster.url}/products/77/purchase`, json({ quantity: 1 }));
  expect(answer.status).toBe(200);
  expect(jsonOf(answer)).toMatchObject({ stock: before.stock - 1, version: before.version + 1 });
});

/** The path goes out as it is written; URL would have tidied it. */
function asWritten(url: string, path: string): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`),
    );
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n', 2);
      const [first = '', ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
      );
      resolve({ status: Number(first.split(' ')[1]), headers, body: unchunked(headers, body) });
    });
  });
}

function unchunked(headers: Record<string, string>, body: string): string {
  return headers['transfer-encoding'] === 'chunked' ? body.replace(/^[0-9a-f]+\r\n/gim, '').trimEnd() : body;
}
