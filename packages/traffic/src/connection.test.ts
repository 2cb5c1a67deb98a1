import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Connection, headerOf, type RawAnswer } from './connection.ts';

/** Comes in many reads, and is no more than an answer may be. */
const LONG = 'long'.repeat(200_000);

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  '/whole': (response) => response.end('whole'),
  '/chunks': (response) => {
    response.write('one, ');
    setTimeout(() => response.end('two'), 20);
  },
  '/long': (response) => response.end(LONG),
  '/endless': (response) => response.end(Buffer.alloc(2 * LONG.length)),
  '/nothing': (response) => response.writeHead(304).end(),
  '/broken': (response) => {
    response.write('half');
    response.destroy();
  },
  '/last': (response) => response.writeHead(200, { Connection: 'close', 'X-Served-By': 'api-2' }).end('last'),
};

let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => ANSWERS[request.url ?? '']?.(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

const ask = (connection: Connection, path: string) =>
  new Promise<RawAnswer | null>((resolve) => connection.ask(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`, resolve));

test('answers one request after the other, whole, in chunks, in many reads or without a body', async () => {
  const connection = new Connection('127.0.0.1', port);
  const bodies: unknown[] = [];
  for (const path of ['/whole', '/chunks', '/long', '/nothing', '/whole']) {
    const answer = await ask(connection, path);
    bodies.push([answer?.status, String(answer?.body)]);
  }
  expect(bodies).toEqual([
    [200, 'whole'],
    [200, 'one, two'],
    [200, LONG],
    [304, ''],
    [200, 'whole'],
  ]);
  expect(connection.open).toBe(true);
  const last = await ask(connection, '/last');
  expect(headerOf(last?.head ?? '', 'X-Served-By')).toBe('api-2');
  expect(connection.open).toBe(false);
});

test('an answer that breaks off, one that is too long, and one that is given up, are none', async () => {
  expect(await ask(new Connection('127.0.0.1', port), '/broken')).toBe(null);
  expect(await ask(new Connection('127.0.0.1', port), '/endless')).toBe(null);
  const given = new Connection('127.0.0.1', port);
  const answer = ask(given, '/never');
  given.close();
  expect(await answer).toBe(null);
});

test('whoever opened it is told once that it is closed, before whoever waits for an answer, also when nobody does', async () => {
  const told: string[] = [];
  const open = () => new Connection('127.0.0.1', port, () => told.push('closed'));
  await new Promise<void>((resolve) => {
    open().ask('GET /broken HTTP/1.1\r\nHost: test\r\n\r\n', (answer) => {
      told.push(answer === null ? 'no answer' : 'an answer');
      resolve();
    });
  });
  expect(told).toEqual(['closed', 'no answer']);
  await ask(open(), '/whole');
  server.closeIdleConnections();
  await expect.poll(() => told).toEqual(['closed', 'no answer', 'closed']);
});
