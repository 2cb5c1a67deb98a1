/** The command connection on a real Redis that goes silent: asked no more until it answers, to whatever it answers. */
import { createLink, type Link } from '@lockstep/cluster';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Connection } from '../src/redis/connection.ts';
import { partitionNames } from '../src/redis/names.ts';
import { SCRIPTS } from '../src/redis/scripts.ts';
import { startRedis } from './redis.ts';

const TIMEOUT_MS = 1_500;
const NAMES = partitionNames('lockstep', 0);

let server: Awaited<ReturnType<typeof startRedis>>;
let link: Link;
let connection: Connection;
let closes: number;

beforeEach(async () => {
  server = await startRedis();
  link = await createLink({ target: server.url });
  closes = 0;
  connection = new Connection(link.url, 'test', TIMEOUT_MS, {
    closed: () => closes++,
    ready: () => undefined,
    failed: () => undefined,
  });
  connection.connect();
  await expect.poll(() => connection.usable).toBe(true);
});

afterEach(async () => {
  await connection.close();
  await link.close();
  await server.stop();
});

const clock = () => connection.run('clock', [NAMES.meta, NAMES.journal], ['', 'nonce', 1_000]);

/**
 * A command has timed out and the connection is still open, which needs bytes to arrive after it was sent: else the
 * socket's own time, which began no later, is over as well. So a GET comes back late and a script, which Redis holds, not.
 */
async function fallSilent(): Promise<void> {
  await server.client.call('CLIENT', 'PAUSE', String(60_000), 'WRITE');
  await link.fail({ kind: 'latency', ms: 0.3 * TIMEOUT_MS });
  const getting = connection.mget(['k']);
  // GETs leave at the end of the turn; behind a script that is held Redis would not read it.
  await new Promise(setImmediate);
  const running = clock();
  await Promise.all([getting, expect(running).rejects.toThrow('Command timed out')]);
  expect([connection.ready, connection.usable]).toEqual([true, false]);
  await Promise.all([link.heal(), server.client.call('CLIENT', 'UNPAUSE')]);
}

test('a script that Redis did not know, answered when sent in full, ends the silence', async () => {
  await fallSilent();
  expect((await clock()) as unknown[]).toContain('EPOCH');
  expect([connection.usable, closes]).toEqual([true, 0]);
});

test('so does a script that it knew', async () => {
  await fallSilent();
  await server.client.script('LOAD', SCRIPTS.clock.text);
  expect((await clock()) as unknown[]).toContain('EPOCH');
  expect([connection.usable, closes]).toEqual([true, 0]);
});

test('and a GET', async () => {
  await fallSilent();
  expect(await connection.mget(['k'])).toEqual([null]);
  expect([connection.usable, closes]).toEqual([true, 0]);
});
