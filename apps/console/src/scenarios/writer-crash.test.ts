import { expect, test } from 'vitest';
import { Refusal } from '../refusal.ts';
import type { Stage } from './scenario.ts';
import { writerCrash } from './writer-crash.ts';

/** Plays the first step, with so many refusals of that status before the writer dies; answers what was done. */
async function crashed(refusals: number, status: number): Promise<string[]> {
  const done: string[] = [];
  const stage: Partial<Stage> = {
    ids: [1, 2, 3],
    replicas: () => ['api-1', 'api-2'],
    victim: () => 'api-2',
    readersOnly: () => undefined,
    warm: async (ids, replica) => void done.push(`${replica} has ${ids}`),
    fault: async () => {
      if (done.push('crash') > 3 * refusals) return async () => undefined;
      throw new Refusal(status, 'the replica commits: not within 4000 ms');
    },
  };
  await writerCrash.steps[0]?.play(stage as Stage).catch((error: Refusal) => done.push(`refused: ${error.status}`));
  return done;
}

const ONCE = ['api-1 has 3', 'api-2 has 3', 'crash'];

test('a writer that did not die in its commit is tried again, from the beginning', async () => {
  expect(await crashed(0, 502)).toEqual(ONCE);
  expect(await crashed(2, 502)).toEqual([...ONCE, ...ONCE, ...ONCE]);
});

test('but not for ever, nor where it cannot be done at all', async () => {
  expect(await crashed(9, 502)).toEqual([...Array(5).fill(ONCE).flat(), 'refused: 502']);
  expect(await crashed(9, 409)).toEqual([...ONCE, 'refused: 409']);
});
