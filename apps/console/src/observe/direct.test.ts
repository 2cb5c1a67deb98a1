import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Operation } from '@lockstep/history';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LiveJudge } from '../verdict/live-judge.ts';
import { Direct } from './direct.ts';

let server: Server;
let asked: IncomingHttpHeaders[];
let ended: Operation[];
let direct: Direct;
/** What the next answer says. */
let version: number;

beforeEach(async () => {
  asked = [];
  ended = [];
  version = 1;
  server = createServer((request, response) => {
    asked.push(request.headers);
    response.setHeader('x-item-version', version).setHeader('consistency-token', `token-${version}`).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  direct = new Direct(
    url,
    () => url,
    (operation) => ended.push(operation),
  );
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('who has changed a price and looks at level session carries the token of the change', async () => {
  await direct.look(7, 'api-1', 'session');
  version = 2;
  await direct.edit(7, 1_000);
  await direct.look(7, 'api-2', 'session');
  await direct.look(7, 'api-2', 'bounded');
  expect(asked.map((headers) => headers['consistency-token'])).toEqual([undefined, undefined, 'token-2', undefined]);
});

test('looks at several replicas are no session together, so none is held against another', async () => {
  version = 2;
  await direct.look(7, 'api-1', 'session');
  version = 1;
  await direct.look(7, 'api-2', 'session');
  const violated: string[] = [];
  const judge = new LiveJudge({ boundMs: 1_000, violated: ({ kind }) => violated.push(kind) });
  for (const operation of ended) judge.add(operation);
  expect(judge.totals.levels.session.reads).toBe(2);
  expect(violated).toEqual([]);
});
