/** How a listener leaves: who is still answered, who is let go, and when it stops waiting. */
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Listener } from '../src/http/listener.ts';
import { WAIT } from './servers.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
/** Longer than any test: what ends before it did not wait for it. */
const LONG_MS = 60_000;

const cleaning: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleaning.splice(0)) clean();
});

async function open(handler: RequestListener) {
  const listener = new Listener({ name: 'api-1', handler });
  const port = await listener.listen('127.0.0.1', 0);
  cleaning.push(() => void listener.close());
  return { listener, port };
}

/** A connection that keeps what it is told. */
async function client(port: number) {
  const socket = connect(port, '127.0.0.1');
  const client = { socket, said: '', closed: false };
  socket.setEncoding('utf8').on('data', (text: string) => {
    client.said += text;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    client.closed = true;
  });
  cleaning.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return client;
}

const fine: RequestListener = (_, response) => response.end('fine');
const answers = (said: string) => said.split('HTTP/1.1 200 OK').length - 1;

test('a connection that is kept alive is answered in the quiet time, told that it closes, and closed', async () => {
  const { listener, port } = await open(fine);
  const one = await client(port);
  one.socket.write(GET);
  await vi.waitFor(() => expect(answers(one.said)).toBe(1), WAIT);
  expect(one.said).toContain('Connection: keep-alive');
  const left = listener.leave(LONG_MS, LONG_MS);
  one.socket.write(GET);
  await vi.waitFor(() => expect(one.closed).toBe(true), WAIT);
  expect(answers(one.said)).toBe(2);
  expect(one.said.slice(one.said.lastIndexOf('HTTP/1.1'))).toContain('Connection: close');
  await left;
});

test('after the quiet time idle connections are closed, also those that have never said anything', async () => {
  const { listener, port } = await open(fine);
  const [used, silent] = [await client(port), await client(port)];
  used.socket.write(GET);
  await vi.waitFor(() => expect(answers(used.said)).toBe(1), WAIT);
  await listener.leave(0, LONG_MS);
  await vi.waitFor(() => expect([used.closed, silent.closed]).toEqual([true, true]), WAIT);
});

test('one that becomes idle only then is not waited for either', async () => {
  const begun = Promise.withResolvers<() => void>();
  // It has promised to keep the connection before the listener leaves.
  const { listener, port } = await open((_, response) => {
    response.writeHead(200, { 'Content-Length': '4' });
    response.write('fi');
    begun.resolve(() => response.end('ne'));
  });
  const one = await client(port);
  one.socket.write(GET);
  const finish = await begun.promise;
  const left = listener.leave(0, LONG_MS);
  finish();
  await left;
  await vi.waitFor(() => expect(one.closed).toBe(true), WAIT);
  expect(one.said).toMatch(/\r\n\r\nfine$/);
});

test('who does not finish is cut off at the limit', async () => {
  const { listener, port } = await open(() => undefined);
  const one = await client(port);
  one.socket.write(GET);
  await listener.leave(0, 50);
  await vi.waitFor(() => expect(one.closed).toBe(true), WAIT);
  expect(one.said).toBe('');
});

test('a malformed request behind one that is being answered does not write into that answer', async () => {
  const begun = Promise.withResolvers<void>();
  const { port } = await open((_, response) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write('half');
    begun.resolve();
  });
  const one = await client(port);
  one.socket.write(GET);
  await begun.promise;
  await vi.waitFor(() => expect(one.said).toMatch(/half$/), WAIT);
  one.socket.write('nonsense\r\n\r\n');
  await vi.waitFor(() => expect(one.closed).toBe(true), WAIT);
  expect(one.said).toMatch(/half$/);
});

test('a port that is taken is an error of the start', async () => {
  const { port } = await open(fine);
  const second = new Listener({ name: 'api-2', handler: fine });
  await expect(second.listen('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
