/**
 * A cold key under a thousand readers on three replicas costs the origin one load: in-process readers join, replicas
 * wait on the fill lease. The origin is made slow by a lock on its table, so that all of them arrive before it answers.
 *
 * Control: the textbook cache joins within a process only, so each replica loads.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterEach, expect, test } from 'vitest';
import { type Answer, ask, header } from '../lib/client.ts';
import { total } from '../lib/internals.ts';
import { LONG_BOUND } from '../lib/long-bound.ts';
import { after } from '../lib/suspension.ts';
import { whileLocked } from '../lib/table-lock.ts';

const READERS = 1_000;
const LOCKED_MS = 200;

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/**
 * A thousand reads of one product while its table is locked, until so many loads wait for it; the answers, and the loads
 * that they caused.
 */
async function stampede(running: Cluster, id: number, waiting: number): Promise<{ answers: Answer[]; loads: number }> {
  const status = await running.status();
  const before = await total(status, 'loads', 'bypasses');
  const reads = await whileLocked(status.postgres.url ?? '', async (loadsThatWait) => {
    const begun = Array.from({ length: READERS }, (_, reader) =>
      ask(`${status.replicas[reader % status.replicas.length]?.url}/products/${id}`),
    );
    // Held a while longer then, for readers that are still on their way: they would find what was loaded.
    await expect.poll(loadsThatWait).toBeGreaterThanOrEqual(waiting);
    await after(LOCKED_MS);
    return begun;
  });
  return { answers: await Promise.all(reads), loads: (await total(status, 'loads', 'bypasses')) - before };
}

test('guarded: exactly one load', async () => {
  cluster = await startCluster(LONG_BOUND);
  const { answers, loads } = await stampede(cluster, 4_711, 1);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map((answer) => header(answer, 'x-served-by'))).size).toBe(3);
  expect(loads).toBe(1);
});

test('control, textbook: each replica loads', async () => {
  cluster = await startCluster({ protocol: 'naive', env: { LOG_LEVEL: 'warn' } });
  const { answers, loads } = await stampede(cluster, 4_711, 3);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(loads).toBe(3);
});
