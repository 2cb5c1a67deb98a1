/**
 * A replica that is paused (SIGSTOP: a stalled host, a debugger, a very long garbage collection) and loses its
 * subscription meanwhile does not serve what was overwritten while it slept: its first answer after it wakes is checked
 * against the clock, not against what it remembers of being up to date.
 *
 * Control: the textbook cache, paused in the same way, answers from L1 as if nothing had been.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterEach, expect, test } from 'vitest';
import { redisSays } from '../../packages/cluster/test/redis-says.ts';
import { ask, header, versionOf } from '../lib/client.ts';
import { warmRead } from '../lib/warm-read.ts';

const BOUND_MS = 1_000;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** Warms api-2, pauses it for longer than S while its product is overwritten, and asks it as soon as it wakes. */
async function wakeUp(protocol: 'guarded' | 'naive') {
  cluster = await startCluster({ protocol, replicas: 2, stalenessMs: BOUND_MS, env: { LOG_LEVEL: 'error' } });
  const { replicas, redis } = await cluster.status();
  const [first, second] = replicas;
  const read = () => ask(`${second?.url}/products/5`);
  const before = await warmRead(`${second?.url}/products/5`);
  const pid = second?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await redisSays(redis.url ?? '', 'CLIENT KILL TYPE pubsub');
    const written = await ask(`${first?.url}/products/5`, { method: 'PATCH', json: { stock: 5 } });
    expect(written.status).toBe(200);
    const acknowledged = performance.now();
    await expect.poll(() => performance.now() - acknowledged).toBeGreaterThan(BOUND_MS);
    const reading = read();
    process.kill(pid, 'SIGCONT');
    return { before, written, after: await reading };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test('guarded: the first answer is the new version', async () => {
  const { written, after } = await wakeUp('guarded');
  expect(after.status).toBe(200);
  expect(versionOf(after)).toBe(versionOf(written));
});

test('control, textbook: the first answer is the old version, from L1', async () => {
  const { before, after } = await wakeUp('naive');
  expect(versionOf(after)).toBe(versionOf(before));
  expect(header(after, 'x-cache')).toBe('L1');
});
