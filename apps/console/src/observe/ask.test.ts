import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { closeServer } from '../http/server.ts';
import { ask, forgetConnections } from './ask.ts';

const LIMIT_MS = 50;

afterEach(forgetConnections);

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => closeServer(server));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('who does not answer in time has not answered', async () => {
  const url = await serve(() => undefined);
  expect(await ask(url, { limitMs: LIMIT_MS })).toBeNull();
});

test('who has answered in time is heard, also when we have stood still since', async () => {
  const url = await serve((_, response) => {
    response.end('here');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * LIMIT_MS);
  });
  expect(await ask(url, { limitMs: LIMIT_MS })).toMatchObject({ status: 200, body: 'here' });
});
