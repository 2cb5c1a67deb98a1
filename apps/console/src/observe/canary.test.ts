/** A trial lasts until every replica has the canary right again: what it has done to them is not held against them. */
import type { Operation } from '@lockstep/history';
import { expect, test } from 'vitest';
import { Canary } from './canary.ts';

const KEY = 'product:9';
const BOUND_MS = 50;
/** How long a message is on its way, ms: less than the bound. */
const LAG_MS = 30;

function operation(kind: 'read' | 'write', version: number): Operation {
  const at = performance.now();
  const common = { client: 'console', key: KEY, start: at, end: at, outcome: 'ok', version } as const;
  return kind === 'read' ? { ...common, kind, level: 'bounded' } : { ...common, kind };
}

test('the trial of a canary ends when no replica answers with what was planted', async () => {
  let newest = 1;
  let stored = newest;
  let held: number | null = null;
  const canary = new Canary<number>({
    key: KEY,
    boundMs: () => BOUND_MS,
    replicas: () => ['api-1'],
    quiet: () => false,
    read: async () => {
      held ??= stored;
      return operation('read', held);
    },
    write: async () => {
      newest += 1;
      stored = newest;
      setTimeout(() => {
        held = null;
      }, LAG_MS);
      return operation('write', newest);
    },
    value: {
      stored: async () => stored,
      plant: async (old) => {
        stored = old;
      },
    },
    tried: () => undefined,
    failed: (words) => expect.fail(words),
  });
  expect(await canary.trial()).toBe(true);
  expect(held).toBe(newest);
});
