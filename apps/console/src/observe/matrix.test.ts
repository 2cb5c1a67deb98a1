/** What a cell says follows the newest evidence, and evidence from before a commit does not make a cell stale at once. */
import type { Operation } from '@lockstep/history';
import { beforeEach, expect, test } from 'vitest';
import { KeyMatrix } from './matrix.ts';

let matrix: KeyMatrix;
const cell = (now: number, answers = true) => matrix.view(['api-1'], () => answers, now).cells['api-1']?.[0];
const answer = (version: number, start: number, tier: string): Operation => {
  const common = { client: 'u', key: 'k', kind: 'read', level: 'bounded', outcome: 'ok' } as const;
  return { ...common, start, end: start + 1, version, replica: 'api-1', tier };
};

beforeEach(() => {
  matrix = new KeyMatrix(['k']);
  matrix.committed('k', 1, 0);
});

test('fresh, stale with the time since its version was overtaken, absent, unknown', () => {
  expect(cell(5)).toMatchObject({ state: 'unknown' });
  matrix.peeked('api-1', 'k', 1, 5);
  expect(cell(6)).toMatchObject({ state: 'fresh', version: 1 });
  matrix.committed('k', 2, 10);
  matrix.committed('k', 3, 20);
  matrix.peeked('api-1', 'k', 1, 30);
  expect(cell(50)).toEqual({ state: 'stale', version: 1, staleMs: 40 });
  matrix.dropped('api-1', ['k'], 60);
  expect(cell(61)).toMatchObject({ state: 'absent' });
  expect(cell(61, false)).toMatchObject({ state: 'unknown' });
});

test('a cell that a commit overtook is looked at before it is called stale', () => {
  matrix.peeked('api-1', 'k', 1, 5);
  matrix.committed('k', 2, 10);
  expect(cell(11)).toMatchObject({ state: 'unknown', version: 1 });
  expect(matrix.doubtful(['api-1'])).toEqual([{ replica: 'api-1', key: 'k' }]);
  expect(cell(2_000)).toMatchObject({ state: 'stale' });
});

test('an answer that was under way when the replica dropped the key says nothing of what is there now', () => {
  matrix.dropped('api-1', ['k'], 10);
  matrix.answered(answer(1, 9, 'L1'));
  expect(cell(20)).toMatchObject({ state: 'absent' });
  matrix.answered(answer(1, 11, 'L1'));
  expect(cell(20)).toMatchObject({ state: 'fresh' });
});

test('an old version from below L1 is not taken for what was stored', () => {
  matrix.committed('k', 2, 10);
  matrix.answered(answer(1, 11, 'L2'));
  expect(cell(20)).toMatchObject({ state: 'unknown' });
});
