/** Each mechanism that is taken out is missed, and not missed where it is there. */
import { describe, expect, test } from 'vitest';
import { counterexample, tell } from '../cli/counterexample.ts';
import { run } from '../run.ts';
import type { Finding } from '../verdict/finding.ts';
import { CONTROLS, type Control, controlPlan } from './controls.ts';

/** Clusters that one search may take; the rarest is found in about one of fifty. */
const SEARCH = 600;
/** Clusters that have to be right with the mechanism in place. */
const INTACT = 5;
const LIMIT_MS = 300_000;

/** What only says that nobody got far enough is not what a control is looked for. */
const IDLE = ['stuck', 'untrusted'];

describe.each(CONTROLS)('$of: $name', (control) => {
  test(
    'something is found',
    async () => {
      expect(await firstFailure(control)).not.toBeNull();
    },
    LIMIT_MS,
  );

  test.skipIf(control.setup !== undefined)(
    'with it nothing is',
    async () => {
      for (let seed = 1; seed <= INTACT; seed++) {
        expect((await run(controlPlan(control, seed))).judgement.findings).toEqual([]);
      }
    },
    LIMIT_MS,
  );
});

test(
  'what is found is shrunk to something that still fails, and told',
  async () => {
    const control = CONTROLS.find(({ name }) => name === 'tags are invalidated before the commit') as Control;
    const plan = controlPlan(control, 1);
    const [finding] = (await run(plan, control.mechanisms)).judgement.findings;
    const kind = finding?.kind ?? 'nothing';
    const found = await counterexample(plan, kind, control.mechanisms);
    expect(found.plan.operations.length).toBeLessThan(6);
    expect(found.outcome.judgement.findings.map((finding) => finding.kind)).toContain(kind);
    const text = tell(plan, found);
    expect(text.split('\n')[0]).toBe(`calm, seed 1: ${kind}`);
    expect(text).toContain("npm run simulate -- --scenario 'calm' --seed 1");
    expect(text).toMatch(/^ +\d+\. +[\d.]+ +redis 0 +\w+ mark /m);
  },
  LIMIT_MS,
);

async function firstFailure(control: Control): Promise<{ seed: number; finding: Finding } | null> {
  for (let seed = 1; seed <= SEARCH; seed++) {
    const { judgement } = await run(controlPlan(control, seed), control.mechanisms, { thorough: true });
    const finding = judgement.findings.find(({ kind }) => !IDLE.includes(kind));
    // Whatever is found, it is not that the sieve and the verdict disagree.
    if (finding?.kind === 'sieve') throw new Error(`seed ${seed}: ${finding.text}`);
    if (finding !== undefined) return { seed, finding };
  }
  return null;
}
