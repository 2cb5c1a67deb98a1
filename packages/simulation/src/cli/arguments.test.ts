import { UsageError } from '@lockstep/command-line';
import { expect, test } from 'vitest';
import { SCENARIOS } from '../plan/scenarios.ts';
import { parseInvocation } from './arguments.ts';

function problemsOf(...argv: string[]): readonly string[] {
  try {
    parseInvocation(argv);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
}

test('without options all scenarios run for a minute, from a seed of the day', () => {
  const all = SCENARIOS.map(({ name }) => name);
  expect(parseInvocation([])).toEqual({
    help: false,
    scenarios: all,
    seed: null,
    clusters: null,
    minutes: 1,
    json: false,
  });
});

test('a seed by itself is one cluster, and the first of many beside a number of them or a time', () => {
  const clusters = (...argv: string[]) => parseInvocation(['--seed', '5', ...argv]).clusters;
  expect([clusters(), clusters('--clusters', '9'), clusters('--minutes', '0.5')]).toEqual([1, 9, null]);
  expect(parseInvocation(['--scenario', 'split brain', '--seed', '5']).scenarios).toEqual(['split brain']);
});

test('every problem is told at once', () => {
  const problems = problemsOf('--scenario', 'x', '--seed=-1', '--clusters', '1.5', '--minutes', 'soon');
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['--seed', '--clusters', '--minutes', '--scenario']);
  expect(problemsOf('--clusters', '2', '--minutes', '1')).toHaveLength(1);
  expect(problemsOf('--wrong')).toHaveLength(1);
});
