/**
 * The counterexamples of table/traces.txt, step by step: with the rule taken out each of them is one still, on the code
 * that ships none of them is. Interleavings that broke the protocol once are the first that it is tried with.
 */
import { expect, test } from 'vitest';
import { walk } from '../engine/walk.ts';
import { worldOf } from '../world/world.ts';
import { ABLATIONS } from './ablations.ts';
import { CLAIMS, judgeAgain } from './judged.ts';
import { readTraces } from './traces.ts';

const traces = readTraces();

test('every counterexample belongs to a row or an ablation of the table', () => {
  const names = new Set(CLAIMS.filter(({ expected }) => expected === 'unsafe').map(({ name }) => name));
  expect([...traces.keys()].filter((name) => !names.has(name))).toEqual([]);
  expect(traces.size).toBeGreaterThanOrEqual(ABLATIONS.length);
});

test.each(CLAIMS.filter(({ expected }) => expected === 'unsafe'))('$name: a counterexample', (claim) => {
  const trace = traces.get(claim.name);
  if (trace === undefined) expect.fail('run npm run model -- --keep');
  expect(judgeAgain(claim, trace).verdict).toBe('unsafe');
});

test.each(ABLATIONS)('with $without: none', ({ without, scope }) => {
  const { steps } = traces.get(`without ${without}`) ?? { steps: [] };
  const { without: _, ...whole } = scope;
  const { wrong, stuck } = walk(worldOf(whole), steps, sameQuestion);
  expect(wrong).toBeUndefined();
  // Most of the way is there; then comes a step that the rule does not allow, or a last one that is right.
  expect(stuck?.at ?? steps.length).toBeGreaterThanOrEqual(Math.min(4, steps.length));
});

/** Up to what comes of it; and whether L2 is read by GET or by the script, is for the rule to say. */
function sameQuestion(words: string): string {
  return (words.split(/[,:;(]/, 1)[0] as string).replace('GET', 'READ');
}
