/** What nginx answers by itself is a problem (RFC 9457) with the codes of the contract, and no replica hears of it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectProblem, get } from './http.ts';
import { type RunningProxy, startProxy, Upstream } from './proxy.ts';

let proxy: RunningProxy;
let living: Upstream;

beforeEach(async () => {
  living = new Upstream();
  proxy = await startProxy();
});

afterEach(async () => {
  living.kill();
  await proxy.stop();
});

const LONG = 'x'.repeat(9_000);

test('502 without a replica', async () => {
  expectProblem(await get(`${proxy.url}/products/1`), 502, 'bad_gateway');
  expectProblem(await get(`${proxy.url}/products/1`, { method: 'PATCH', body: '{}' }), 502, 'bad_gateway');
});

test.each([
  '/internal',
  '/internal/',
  '/internal/status',
  '//internal/status',
  '/products/../internal/status',
  '/%69nternal/status',
  '/metrics',
  '/metrics/',
  '/metrics?x=1',
  '/problem/502',
])('404 for %s, which no replica sees', async (path) => {
  await living.listen(proxy.slots[0]);
  expectProblem(await get(`${proxy.url}${path}`), 404, 'not_found');
  expect(living.heard).toEqual([]);
});

test('413 for a body over 64 KiB, announced or in chunks', async () => {
  await living.listen(proxy.slots[0]);
  const body = 'x'.repeat((64 << 10) + 1);
  for (const headers of [{ 'Content-Length': String(body.length) }, { 'Transfer-Encoding': 'chunked' }]) {
    expectProblem(await get(`${proxy.url}/`, { method: 'POST', headers, body }), 413, 'payload_too_large');
  }
  expect(living.heard).toEqual([]);
});

test('400, 405 and 414 for what is malformed, not a method, or too long', async () => {
  expectProblem(await get(`${proxy.url}/products/%zz`), 400, 'invalid_parameter');
  expectProblem(await get(`${proxy.url}/`, { headers: { 'Consistency-Token': LONG } }), 400, 'invalid_parameter');
  expectProblem(await get(`${proxy.url}/${LONG}`), 414, 'invalid_parameter');
  const trace = await get(`${proxy.url}/`, { method: 'TRACE' });
  expectProblem(trace, 405, 'method_not_allowed');
  expect(trace.headers.allow).toBe('GET, HEAD, POST, PUT, PATCH, DELETE');
});

test.each([
  ['GET / HTTP/1.1\r\n\r\n', 400],
  ['GARBAGE\r\n\r\n', 400],
  ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: sideways\r\n\r\n', 501],
  ['GET / HTTP/7.0\r\nHost: a\r\n\r\n', 505],
])('%j: %i', async (text, status) => {
  const answer = await raw(text);
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain('Content-Type: application/problem+json');
  expect(answer).toContain(`"status":${status},"code":"invalid_parameter"`);
});

test('it does not say which version it is', async () => {
  expect((await get(`${proxy.url}/metrics`)).headers.server).toBe('nginx');
});

/** Sends bytes and returns everything that is answered. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    answer += part;
  });
  socket.end(text);
  await once(socket, 'close');
  return answer;
}
