import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Connection, headerOf, type RawAnswer } from './connection.ts';

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  '/whole': (response) => response.end('whole'),
  '/chunks': (response) => {
    response.write('one, ');
    setTimeout(() => response.end('two'), 20);
  },
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

test('answers one request after the other, whole, in chunks or without a body', async () => {
  const connection = new Connection('127.0.0.1', port);
  const bodies: unknown[] = [];
  for (const path of ['/whole', '/chunks', '/nothing', '/whole']) {
    const answer = await ask(connection, path);
    bodies.push([answer?.status, String(answer?.body)]);
  }
  expect(bodies).toEqual([
    [200, 'whole'],
    [200, 'one, two'],
    [304, ''],
    [200, 'whole'],
  ]);
  expect(connection.open).toBe(true);
  const last = await ask(connection, '/last');
  expect(headerOf(last?.head ?? '', 'X-Served-By')).toBe('api-2');
  expect(connection.open).toBe(false);
});

test('an answer that breaks off, and one that is given up, are none', async () => {
  expect(await ask(new Connection('127.0.0.1', port), '/broken')).toBe(null);
  const given = new Connection('127.0.0.1', port);
  const answer = ask(given, '/never');
  given.close();
  expect(await answer).toBe(null);
});
