/** One look at a server: who is taken for silent, and who is not. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PROBE_ANSWER_MS } from './limits.ts';
import { ask } from './probe.ts';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that says nothing is silent', async () => {
  const url = await serve(() => undefined);
  expect(await ask(url)).toBeNull();
});

test('one that was asked before we stood still ourselves is not', async () => {
  const url = await serve((_, response) => response.end('here'));
  const answer = ask(url);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PROBE_ANSWER_MS + 100);
  expect(await answer).toEqual({ status: 200, body: 'here' });
});
