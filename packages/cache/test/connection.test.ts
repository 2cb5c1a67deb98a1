/** The command connection on a real Redis that goes silent: asked no more until it answers, to whatever it answers. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from '../src/redis/connection.ts';
import { partitionNames } from '../src/redis/names.ts';
import { SCRIPTS } from '../src/redis/scripts.ts';
import { startRedis } from './redis.ts';

/** No test waits for its end: where it is over, the test says so. */
const TIMEOUT_MS = 60_000;
/** Longer than a test may run. */
const FOR_EVER_MS = 600_000;
const NAMES = partitionNames('lockstep', 0);

let server: Awaited<ReturnType<typeof startRedis>>;
let connection: Connection;
let closes: number;

beforeEach(async () => {
  server = await startRedis();
  closes = 0;
  connection = new Connection(server.url, 'test', TIMEOUT_MS, {
    closed: () => closes++,
    ready: () => undefined,
    failed: () => undefined,
  });
  connection.connect();
  await expect.poll(() => connection.usable).toBe(true);
});

afterEach(async () => {
  vi.useRealTimers();
  await connection.close();
  await server.stop();
});

const clock = () => connection.run('clock', [NAMES.meta, NAMES.journal], ['', 'nonce', 1_000]);

/**
 * A command has timed out and the connection is still open, which needs bytes to arrive after it was sent: else the
 * socket's own time, which began no later, is over as well. So a GET comes back late and a script, which Redis holds, not.
 * What is late is told by timers that the test moves: by those of a process that stood still, the GET would be too late.
 */
async function fallSilent(): Promise<void> {
  await server.client.call('CLIENT', 'PAUSE', String(FOR_EVER_MS), 'WRITE');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  // Behind a script that is held Redis would not read it.
  const getting = connection.mget(['k']);
  const running = expect(clock()).rejects.toThrow('Command timed out');
  vi.advanceTimersByTime(TIMEOUT_MS / 2);
  await getting;
  vi.advanceTimersByTime(TIMEOUT_MS / 2);
  await running;
  vi.useRealTimers();
  expect([connection.ready, connection.usable]).toEqual([true, false]);
  await server.client.call('CLIENT', 'UNPAUSE');
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
