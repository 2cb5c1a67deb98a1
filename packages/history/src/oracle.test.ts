/**
 * The verdict is exact: on small random histories it equals a search over all linearizations, over all writers of all
 * versions, and over all pairs. That both answers are common is checked as well, or agreement would mean little.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type JudgeOptions, judge, type Operation, type Violation } from './index.ts';
import { histories } from './testing/histories.ts';
import { goesBack, isLinearizable, isWritable, stalenessOf } from './testing/oracle.ts';

/** Another number tries other histories; a failure names the one that it had. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20_261_124);
const RUNS = 1_000;
/** Operations where every pair is looked at, and not every order. */
const PAIRED = 40;
/** Each of the two answers is given to this part of the histories at least. */
const SHARE = 0.05;

/** Runs a property that answers whether the history was right, and checks that both answers occurred. */
function agree(arbitrary: fc.Arbitrary<Operation[]>, check: (history: Operation[], extra: number) => boolean): void {
  const seen = { right: 0, wrong: 0 };
  fc.assert(
    fc.property(arbitrary, fc.nat(9), (history, extra) => {
      seen[check(history, extra) ? 'right' : 'wrong']++;
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect(Math.min(seen.right, seen.wrong)).toBeGreaterThan(SHARE * RUNS);
}

const starts = (violations: readonly Violation[], kind: string) =>
  violations.filter((violation) => violation.kind === kind).map(({ witness }) => witness[0]);
const reads = (history: readonly Operation[]) =>
  history.filter(({ kind, outcome }) => kind === 'read' && outcome === 'ok');
/** What the versions check finds, whatever the level. */
const versionsHold = (history: Operation[], options: Omit<JudgeOptions, 'boundMs'> = {}) =>
  judge(history, { ...options, boundMs: 1_000, level: 'bounded' }).violationCount === 0;

test('strong: no violation if and only if there is a linearization', () => {
  agree(histories('strong'), (history) => {
    const right = judge(history, { boundMs: 0 }).violationCount === 0;
    expect(right).toBe(isLinearizable(history));
    return right;
  });
});

test('versions: no violation if and only if every version can have had its writer in time', () => {
  agree(histories('bounded'), (history) => {
    const right = versionsHold(history);
    expect(right).toBe(isWritable(history, {}));
    return right;
  });
});

test('versions between a known first and a known final one', () => {
  agree(histories('bounded'), (history, extra) => {
    const ends = {
      initial: extra % 3,
      final: Math.max(0, ...history.map(({ version }) => version ?? 0)) + (extra % 2),
    };
    const right = versionsHold(history, { initial: ends.initial, final: new Map([['k', ends.final]]) });
    expect(right).toBe(isWritable(history, ends));
    return right;
  });
});

test('bounded: exactly those reads are stale that a pair shows to be, and by as much', () => {
  agree(histories('bounded', PAIRED), (history, boundMs) => {
    const verdict = judge(history, { boundMs });
    const stale = reads(history).filter((read) => stalenessOf(read, history) > boundMs);
    expect(new Set(starts(verdict.violations, 'stale'))).toEqual(new Set(stale));
    expect(verdict.violationsByKind.stale ?? 0).toBe(stale.length);
    expect(verdict.worstStalenessMs).toBe(Math.max(0, ...reads(history).map((read) => stalenessOf(read, history))));
    return stale.length === 0;
  });
});

test('session: exactly those reads go back that a pair of one client shows to', () => {
  agree(histories('session', PAIRED), (history) => {
    const { violations } = judge(history, { boundMs: 1_000 });
    const own = reads(history).filter((read) => goesBack(read, history, 'write'));
    const back = reads(history).filter((read) => goesBack(read, history, 'read'));
    expect(new Set(starts(violations, 'read-your-writes'))).toEqual(new Set(own));
    expect(new Set(starts(violations, 'monotonic-reads'))).toEqual(new Set(back));
    return own.length + back.length === 0;
  });
});

test('the order of the operations changes nothing, not even the words', () => {
  const mixed = fc.oneof(histories('strong'), histories('session'), histories('bounded'));
  const shuffled = mixed.chain((history) =>
    fc.tuple(fc.constant(history), fc.shuffledSubarray(history, { minLength: history.length })),
  );
  fc.assert(
    fc.property(shuffled, ([history, other]) => {
      expect(judge(other, { boundMs: 2 })).toEqual(judge(history, { boundMs: 2 }));
    }),
    { seed: SEED, numRuns: RUNS },
  );
});

test('keys are judged apart: two histories together have the violations of both', () => {
  fc.assert(
    fc.property(histories('strong'), histories('bounded'), (one, two) => {
      const other = two.map((operation) => ({ ...operation, key: 'other' }));
      const apart = [one, other].map((history) => judge(history, { boundMs: 3 }));
      const together = judge([...one, ...other], { boundMs: 3 });
      expect(together.violationCount).toBe(apart.reduce((sum, verdict) => sum + verdict.violationCount, 0));
    }),
    { seed: SEED, numRuns: RUNS },
  );
});
