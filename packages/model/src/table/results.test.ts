import { expect, test } from 'vitest';
import { CLAIMS } from './judged.ts';
import { readResults } from './results.ts';

const results = readResults();

test('the page of results speaks of every row and every ablation of the table, and of no other', () => {
  expect([...results.keys()].sort()).toEqual(CLAIMS.map(({ name }) => name).sort());
  expect([...results].filter(([, { verdict }]) => verdict === 'not run')).toEqual([]);
});

test('what is said not to hold has been seen not to hold', () => {
  const unsafe = CLAIMS.filter(({ expected }) => expected === 'unsafe').map(({ name }) => name);
  expect(unsafe.filter((name) => results.get(name)?.verdict !== 'counterexample')).toEqual([]);
});
