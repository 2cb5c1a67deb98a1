/** One history made by hand for each kind of violation, beside one that differs by an instant and is right. */
import { describe, expect, test } from 'vitest';
import { HistoryError, type JudgeOptions, judge, type Level, type Operation, VIOLATIONS_KEPT } from './index.ts';

type Extra = Partial<Operation>;

/** A write of `version` by `a` during [start, end]. */
function write(version: number, start: number, end: number, extra: Extra = {}): Operation {
  return { client: 'a', key: 'k', kind: 'write', version, start, end, outcome: 'ok', ...extra };
}

/** A bounded read of `version` by `b` during [start, end]. */
function read(version: number, start: number, end: number, extra: Extra = {}): Operation {
  return { client: 'b', key: 'k', kind: 'read', version, start, end, outcome: 'ok', level: 'bounded', ...extra };
}

const unknown: Extra = { outcome: 'unknown', version: null };
const strong: Extra = { level: 'strong' };
const session: Extra = { level: 'session' };

function kinds(history: readonly Operation[], options: Partial<JudgeOptions> = {}): unknown {
  return judge(history, { boundMs: 100, ...options }).violationsByKind;
}

/** That this history has exactly this violation, with these two operations as its witness. */
function expectOne(history: readonly Operation[], kind: string, level: Level | null, ...witness: Operation[]): void {
  const verdict = judge(history, { boundMs: 100 });
  expect(verdict.violations).toMatchObject([{ kind, key: 'k', level, witness }]);
  expect(verdict.outcome).toBe('violated');
}

describe('bounded', () => {
  const [first, second] = [write(1, 0, 10), write(2, 20, 30)];

  test('a read older than the bound is stale, one at the bound is not', () => {
    expect(kinds([first, second, read(1, 130, 131)])).toEqual({});
    const late = read(1, 130.5, 131);
    expectOne([first, second, late], 'stale', 'bounded', late, second);
  });

  test('the staleness counts from the first acknowledgement of any newer version', () => {
    const verdict = judge([first, write(2, 20, 90), write(3, 30, 40), read(1, 100, 101)], { boundMs: 100 });
    expect(verdict.worstStalenessMs).toBe(60);
    expect(verdict.stalest).toMatchObject({ version: 1 });
    expect(verdict.levels.bounded).toEqual({ reads: 1, atRisk: 1, stale: 1, worstStalenessMs: 60, violations: 0 });
  });

  test('a write that was not acknowledged makes nothing stale', () => {
    expect(kinds([first, write(2, 20, 30, { outcome: 'unknown' }), read(1, 900, 901)])).toEqual({});
  });

  test('a session read is bounded as well', () => {
    const late = read(1, 500, 501, session);
    expectOne([first, second, late], 'stale', 'session', late, second);
  });

  test('a version that is read before its write begins comes from the future', () => {
    expect(kinds([first, second, read(2, 5, 20)])).toEqual({});
    const early = read(2, 5, 19.5);
    expectOne([first, second, early], 'from-the-future', 'bounded', early, second);
  });

  test('a version exists only after all below it', () => {
    const early = read(3, 5, 9);
    expectOne([write(2, 10, 11), write(3, 0, 12), early], 'from-the-future', 'bounded', early, write(2, 10, 11));
  });
});

describe('strong', () => {
  const [first, second] = [write(1, 0, 10), write(2, 20, 30)];

  test('an acknowledged write is seen by every read that begins later', () => {
    expect(kinds([first, second, read(1, 30, 31, strong)])).toEqual({});
    const old = read(1, 30.1, 31, strong);
    expectOne([first, second, old], 'stale-after-ack', 'strong', old, second);
  });

  test('what one strong read has returned, the next may not take back', () => {
    const sees = read(2, 21, 22, strong);
    expect(kinds([first, second, sees, read(1, 22, 23, strong)])).toEqual({});
    const back = read(1, 22.1, 23, { ...strong, client: 'c' });
    expectOne([first, second, sees, back], 'new-old-inversion', 'strong', back, sees);
  });

  test('a bounded read promises a strong one nothing', () => {
    expect(kinds([first, second, read(2, 21, 22), read(1, 23, 24, strong)])).toEqual({});
  });

  test('every read can be judged as if it had been strong', () => {
    const history = [first, second, read(1, 40, 41)];
    expect(kinds(history)).toEqual({});
    expect(kinds(history, { level: 'strong' })).toEqual({ 'stale-after-ack': 1 });
  });
});

describe('session', () => {
  const [first, second] = [write(1, 0, 10), write(2, 20, 30)];

  test('a client sees its own writes', () => {
    const old = read(1, 31, 32, { ...session, client: 'a' });
    expectOne([first, second, old], 'read-your-writes', 'session', old, second);
    expect(kinds([first, second, { ...old, client: 'c' }])).toEqual({});
    expect(kinds([first, second, { ...old, level: 'bounded' }])).toEqual({});
  });

  test('a client does not go back', () => {
    const [sees, back] = [read(2, 31, 32), read(1, 33, 34, session)];
    expectOne([first, second, sees, back], 'monotonic-reads', 'session', back, sees);
    expect(kinds([first, second, sees, { ...back, client: 'c' }])).toEqual({});
    // They overlap: neither is before the other.
    expect(kinds([first, second, sees, { ...back, start: 32 }])).toEqual({});
  });
});

describe('versions', () => {
  test('two acknowledged writes with one version: one is lost', () => {
    const [one, two] = [write(1, 0, 10), write(1, 5, 11, { client: 'b' })];
    expectOne([one, two], 'same-version', null, two, one);
  });

  test('a version exists from the first of two writes with it', () => {
    expect(kinds([write(1, 0, 10), write(1, 50, 60), read(1, 20, 21)])).toEqual({ 'same-version': 1 });
  });

  test('a write that was found at the origin afterwards counts for its version', () => {
    const found = write(1, 5, 11, { outcome: 'unknown' });
    expectOne([write(1, 0, 10), found], 'same-version', null, found, write(1, 0, 10));
  });

  test('a version that nobody wrote', () => {
    const odd = read(3, 40, 41);
    expectOne([write(1, 0, 10), write(2, 20, 30), odd], 'unwritten', 'bounded', odd);
    const jumps = write(3, 20, 30);
    expectOne([write(1, 0, 10), jumps], 'unwritten', null, jumps);
  });

  test('a failed write is nobody', () => {
    const failed = write(2, 20, 30, { outcome: 'failed', version: null });
    expect(kinds([write(1, 0, 10), failed, read(2, 40, 41)])).toEqual({ unwritten: 1 });
  });

  test('an unknown write may be it, if it began in time, and only once', () => {
    const history = [write(1, 0, 10), read(2, 40, 41)];
    expect(kinds([...history, write(0, 41, 42, unknown)])).toEqual({});
    expect(kinds([...history, write(0, 41.5, 42, unknown)])).toEqual({ unwritten: 1 });
    expect(kinds([...history, read(3, 50, 51), write(0, 20, 30, unknown)])).toEqual({ unwritten: 1 });
    expect(kinds([...history, read(3, 50, 51), write(0, 20, 30, unknown), write(0, 45, 46, unknown)])).toEqual({});
  });

  test('an unknown write may never have happened', () => {
    expect(kinds([write(1, 0, 10), write(0, 11, 12, unknown), read(1, 500, 501, strong)])).toEqual({});
  });

  test('a write does not overtake one that begins after its end', () => {
    const [early, late] = [write(2, 0, 10), write(1, 11, 20)];
    expectOne([early, late], 'write-order', null, early, late);
    expect(kinds([early, { ...late, start: 10 }])).toEqual({});
  });

  test('an absurd version costs no more than any other', () => {
    expect(kinds([write(1, 0, 10), read(Number.MAX_SAFE_INTEGER, 20, 21)])).toEqual({ unwritten: 1 });
  });

  test('between the first and the final version', () => {
    const history = [write(5, 0, 10), write(6, 20, 30), read(6, 40, 41)];
    const final = (version: number) => ({ initial: 4, final: new Map([['k', version]]) });
    expect(kinds(history, final(6))).toEqual({});
    expect(kinds(history, final(5))).toEqual({ lost: 2 });
    expect(kinds(history, final(7))).toEqual({ unwritten: 1 });
    expect(kinds([...history, write(0, 50, 51, unknown)], final(7))).toEqual({});
    expect(kinds(history, { initial: 5 })).toEqual({ 'before-first': 1 });
    expect(kinds(history, { initial: new Map([['k', 3]]) })).toEqual({ unwritten: 1 });
  });

  test('a key that nobody touched stays what it was', () => {
    const untouched = judge([], { boundMs: 1, initial: 3, final: new Map([['k', 4]]) });
    expect(untouched.violations[0]).toMatchObject({ kind: 'unwritten', key: 'k', level: null, witness: [] });
    expect(kinds([], { initial: 3, final: new Map([['k', 2]]) })).toEqual({ lost: 1 });
    expect(kinds([], { initial: 3, final: new Map([['k', 3]]) })).toEqual({});
  });
});

describe('the verdict', () => {
  test('in one line', () => {
    const reads = Array.from({ length: 1_200 }, (_, i) => read(1, 20 + i, 20 + i, { client: `c${i}` }));
    const verdict = judge([write(1, 0, 10), ...reads], { boundMs: 1_000 });
    expect(verdict.summary).toBe('1,200 reads, worst staleness 0 ms, bound 1,000 ms, 0 violations');
    const stale = judge([write(1, 0, 10), write(2, 11, 12), read(1, 15.14, 16), write(0, 20, 21, unknown)], {
      boundMs: 2,
    });
    expect(stale.summary).toBe('1 read, worst staleness 3.1 ms, bound 2 ms, 1 violation, 1 unknown');
  });

  test('in words', () => {
    const where = { replica: 'api-2', tier: 'L1' };
    const verdict = judge([write(1, 0, 10), write(2, 11, 1_012), read(1, 2_015, 2_016, where)], { boundMs: 1_000 });
    expect(verdict.violations[0]?.text).toBe(
      'k: the read of version 1 by b at api-2 from L1 [2,015 ms to 2,016 ms] is older than the bound allows, as there ' +
        'had been the write of version 2 by a [11 ms to 1,012 ms] (1,003 ms before the read began, bound 1,000 ms)',
    );
  });

  test('counts what failed and what is unknown, and judges neither', () => {
    const verdict = judge(
      [
        write(1, 0, 10),
        read(1, 11, 12),
        write(0, 20, 21, unknown),
        read(0, 20, 21, unknown),
        read(0, 20, 21, { outcome: 'failed', version: null }),
      ],
      { boundMs: 1 },
    );
    expect(verdict).toMatchObject({ outcome: 'held', reads: 1, writes: 1, keys: 1, stalest: null });
    expect(verdict).toMatchObject({ unknown: { reads: 1, writes: 1 }, failed: { reads: 1, writes: 0 } });
  });

  test('is "not exercised" where nothing could have been stale', () => {
    const verdict = judge([read(1, 0, 1), write(2, 2, 3), read(1, 3, 4)], { boundMs: 1 });
    expect(verdict.outcome).toBe('not exercised');
    expect(verdict.summary).toContain('not exercised');
  });

  test('counts every violation and keeps the first ones', () => {
    const many = Array.from({ length: 2 * VIOLATIONS_KEPT }, (_, i) => read(1, 1_000 + i, 1_000 + i));
    const verdict = judge([write(1, 0, 10), write(2, 11, 12), ...many.reverse()], { boundMs: 1 });
    expect(verdict.violationCount).toBe(2 * VIOLATIONS_KEPT);
    expect(verdict.violationsByKind).toEqual({ stale: 2 * VIOLATIONS_KEPT });
    expect(verdict.violations).toHaveLength(VIOLATIONS_KEPT);
    expect(verdict.violations[0]?.witness[0]).toMatchObject({ start: 1_000 });
  });

  test('takes a long history', () => {
    const long = Array.from({ length: 20_000 }, (_, i) => [
      write(i + 1, 2 * i, 2 * i + 1),
      read(i + 1, 2 * i + 1, 2 * i + 2),
    ]);
    expect(judge(long.flat(), { boundMs: 0, level: 'strong' })).toMatchObject({ outcome: 'held', reads: 20_000 });
  });
});

test.each<[string, Operation]>([
  ['an end before the start', read(1, 2, 1)],
  ['no time', read(1, Number.NaN, 1)],
  ['half a version', read(1.5, 0, 1)],
  ['an answer without a version', write(1, 0, 1, { version: null })],
  ['a failure with a version', write(1, 0, 1, { outcome: 'failed' })],
  ['a write of version 0', write(0, 0, 1)],
  ['a read without a level', read(1, 0, 1, { level: undefined })],
])('it refuses to judge %s', (_, operation) => {
  expect(() => judge([operation], { boundMs: 1 })).toThrow(HistoryError);
});
