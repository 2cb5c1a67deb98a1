/** A link before a real Redis: what a client of it sees of each fault, and that a pipeline arrives whole and in order. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Link } from '../src/link/link.ts';
import { WAYS } from '../src/link/testing/link-to.ts';
import { type RunningServer, startLink, startRedisServer } from '../src/servers.ts';
import { redisSays } from './redis-says.ts';

let folder: string;
let redis: RunningServer;
let link: Link;

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

describe.each(WAYS)('by its %s', (way) => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-redis-'));
    redis = await startRedisServer(folder);
    link = await startLink(redis.url, way === 'socket' ? redis.socket : null);
    expect(redis.socket).not.toBeNull();
  });

  afterAll(async () => {
    await link.close();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  test('a pipeline of a thousand commands comes back in order, also with latency', async () => {
    await link.fail({ kind: 'latency', ms: 5 });
    const { socket, heard } = await login();
    for (let i = 0; i < 1_000; i++) socket.write(`ECHO ${i}\r\n`);
    await expect.poll(() => heard().split('\r\n').length).toBe(2_001);
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

  /** A subscriber to `news`, in RESP2 or RESP3, and the news that it has heard. */
  async function subscriber(hello: 2 | 3): Promise<{ socket: Socket; news: () => string[]; heard: () => string }> {
    const { socket, heard } = await login();
    socket.write(`HELLO ${hello}\r\nSUBSCRIBE news\r\n`);
    await expect.poll(heard).toContain('subscribe');
    return { socket, heard, news: () => heard().match(/n\d+/g) ?? [] };
  }

  async function publish(count: number): Promise<string[]> {
    const texts = Array.from({ length: count }, (_, index) => `n${index}`);
    for (const text of texts) expect(await redisSays(redis.url, `PUBLISH news ${text}`)).toContain(':1');
    return texts;
  }

  test.each([2, 3] as const)(
    'messages are lost (RESP%i), what else is said comes, and so do later messages',
    async (hello) => {
      const { socket, heard, news } = await subscriber(hello);
      await link.fail({ kind: 'lose', share: 1 });
      const before = link.lost;
      await publish(5);
      socket.write('PING\r\n');
      await expect.poll(() => heard().toLowerCase()).toContain('pong');
      expect(news()).toEqual([]);
      expect(link.lost - before).toBe(5);
      expect(socket.destroyed).toBe(false);
      await link.heal();
      const texts = await publish(3);
      await expect.poll(news).toEqual(texts);
      socket.destroy();
    },
  );

  test('a share of them is lost, also of one who subscribes while they are', async () => {
    await link.fail({ kind: 'lose', share: 0.5 });
    const before = link.lost;
    const { socket, heard, news } = await subscriber(2);
    const texts = await publish(200);
    socket.write('PING\r\n');
    await expect.poll(heard).toContain('pong');
    const lost = link.lost - before;
    expect(news()).toHaveLength(texts.length - lost);
    expect(news()).toEqual(texts.filter((text) => news().includes(text)));
    // Of 200 draws fewer than 50 or more than 150 come up less than once in 10^12 runs.
    expect(lost).toBeGreaterThan(50);
    expect(lost).toBeLessThan(150);
    await link.heal();
    socket.destroy();
  });

  test('commands are answered in order with jitter, and slowly under a limit', async () => {
    await link.fail({ kind: 'jitter', ms: 10 });
    const { socket, heard } = await login();
    for (let i = 0; i < 50; i++) socket.write(`ECHO ${i}\r\n`);
    await expect
      .poll(() =>
        heard()
          .match(/^\d+(?=\r)/gm)
          ?.map(Number),
      )
      .toEqual(Array.from({ length: 50 }, (_, i) => i));
    await redisSays(redis.url, `SET long ${'x'.repeat(10_000)}`);
    await link.fail({ kind: 'limit', bytesPerSecond: 40_000 });
    const since = performance.now();
    socket.write('GET long\r\n');
    await expect.poll(heard).toContain('x'.repeat(10_000));
    expect(performance.now() - since).toBeGreaterThan(200);
    await link.heal();
    socket.destroy();
  });

  test('a reset link resets whoever comes, until it is healed', async () => {
    const { socket } = await login();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await link.fail({ kind: 'reset' });
    await closed;
    const { hostname, port } = new URL(link.url);
    const again = connect(Number(port), hostname);
    expect(
      await new Promise((resolve) => again.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))),
    ).toBe('ECONNRESET');
    await link.heal();
    (await login()).socket.destroy();
  });
});
