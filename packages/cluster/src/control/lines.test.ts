import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CONTROL_REQUEST_MS } from '../limits.ts';
import { readLine } from './lines.ts';

let folder: string;
let server: Server;
let client: Socket;
let accepted: Socket;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-control-'));
  server = createServer({ allowHalfOpen: true }).listen(join(folder, 's'));
  await once(server, 'listening');
  client = connect(join(folder, 's')).on('error', () => undefined);
  [accepted] = (await once(server, 'connection')) as [Socket];
  accepted.on('error', () => undefined);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
  for (const one of [client, accepted]) one.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

test('whoever says nothing is cut off', async () => {
  const line = readLine(accepted);
  vi.advanceTimersByTime(CONTROL_REQUEST_MS);
  await expect(line).rejects.toThrow('said nothing');
  expect(accepted.destroyed).toBe(true);
});

test('whoever has given an order is not, however long it takes to obey it', async () => {
  const line = readLine(accepted);
  client.write('an order\n');
  expect(await line).toBe('an order');
  vi.advanceTimersByTime(10 * CONTROL_REQUEST_MS);
  expect(accepted.destroyed).toBe(false);
});
