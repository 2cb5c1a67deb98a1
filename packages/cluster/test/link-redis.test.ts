/** A link before a real Redis: what a client of it sees of each fault, and that a pipeline arrives whole and in order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLink, type Link } from '../src/link/link.ts';
import { type RunningServer, startRedisServer } from '../src/servers.ts';
import { redisSays } from './redis-says.ts';

let folder: string;
let redis: RunningServer;
let link: Link;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-redis-'));
  redis = await startRedisServer(folder);
  link = await createLink({ target: redis.url });
});

afterAll(async () => {
  await link.close();
  await redis.stop();
  rmSync(folder, { recursive: true });
});

/** A connection that has logged in, and all that Redis has said on it since. */
async function login(): Promise<{ socket: Socket; heard: () => string }> {
  const { hostname, port, password } = new URL(link.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => undefined);
  socket.write(`AUTH ${password}\r\n`);
  await expect.poll(() => text).toBe('+OK\r\n');
  text = '';
  return { socket, heard: () => text };
}

test('a pipeline of a thousand commands comes back in order, also with latency', async () => {
  await link.fail({ kind: 'latency', ms: 5 });
  const { socket, heard } = await login();
  for (let i = 0; i < 1_000; i++) socket.write(`ECHO ${i}\r\n`);
  await expect.poll(() => heard().split('\r\n').length, { timeout: 10_000 }).toBe(2_001);
  const echoed = heard()
    .split('\r\n')
    .filter((_, index) => index % 2 === 1)
    .map(Number);
  expect(echoed).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  await link.heal();
  socket.destroy();
});

test('a subscriber behind a black hole hears nothing and notices nothing; afterwards it hears all of it', async () => {
  const { socket, heard } = await login();
  socket.write('SUBSCRIBE news\r\n');
  await expect.poll(heard).toContain('subscribe');
  await link.fail({ kind: 'blackhole' });
  for (let i = 0; i < 5; i++) expect(await redisSays(redis.url, `PUBLISH news n${i}`)).toContain(':1');
  expect(heard()).not.toContain('n0');
  expect(socket.destroyed).toBe(false);
  await link.heal();
  await expect.poll(() => heard().match(/n\d/g)).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
  socket.destroy();
});

test('a cut ends the subscription for Redis too', async () => {
  const { socket, heard } = await login();
  socket.write('SUBSCRIBE news\r\n');
  await expect.poll(heard).toContain('subscribe');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  link.cut();
  await closed;
  await expect.poll(() => redisSays(redis.url, 'PUBLISH news late')).toContain(':0');
});
