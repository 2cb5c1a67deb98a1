/** Tokens as text, and how they merge. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TOKEN_LENGTH } from './limits.ts';
import { ANY_PARTITION, formatToken, merge, parseToken, partIn, type TokenPart } from './token.ts';

const part = (epoch: string | null, clock: number, issuedAt = 7): TokenPart => ({
  partition: 0,
  epoch,
  clock,
  issuedAt,
});
const stamp = (epoch: string | null, clock: number, partition = 0) => ({ partition, epoch, clock });
const whole = (issuedAt = 0) => ({ ...part(null, 0, issuedAt), partition: ANY_PARTITION });
const FOREIGN = { epoch: null };

test('what was formatted is parsed again', () => {
  const epoch = fc.stringMatching(/^[0-9a-z]{1,20}$/);
  const place = { partition: fc.nat({ max: 1_000 }), clock: fc.nat(), issuedAt: fc.nat() };
  const parts = fc.record({ ...place, epoch: fc.option(epoch) });
  const tokens = fc.array(parts, { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(tokens, (token) => {
      expect(parseToken(formatToken(token))).toEqual(token);
    }),
    { seed: 1 },
  );
});

test('as text: the time of the newest point, and how much older the others are', () => {
  const token = [part('e1', 40, 1_000), part('e2', 3, 1_296), part(null, 0, 0)];
  expect(formatToken(token)).toBe('2~100~0.e1.14.88~0.e2.3~0.-.0.100');
});

test('any other text is foreign, not an error', () => {
  const number = '[0-9a-z]{1,10}';
  const pattern = new RegExp(`^2~${number}(~([0-9a-z]{1,4}|_)\\.([0-9A-Za-z]{1,64}|-)\\.${number}(\\.${number})?)+$`);
  const right = { arbitrary: fc.stringMatching(/^[0-9a-z]{1,4}$/), weight: 9 };
  const other = { arbitrary: fc.stringMatching(/^([0-9a-z]{0,11}|[0-9A-Za-z]{0,65}|[_-]|.)$/), weight: 1 };
  const word = fc.oneof(right, other);
  const near = fc
    .tuple(word, fc.array(fc.array(word, { minLength: 2, maxLength: 5 }), { maxLength: 2 }))
    .map(([time, parts]) => ['2', time, ...parts.map((words) => words.join('.'))].join('~'));
  const seen = { read: 0, foreign: 0 };
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      const isToken = pattern.test(text);
      seen[isToken ? 'read' : 'foreign']++;
      if (isToken) expect(parseToken(text)).toHaveLength(text.split('~').length - 2);
      else expect(parseToken(text)).toEqual([whole()]);
    }),
    {
      seed: 1,
      numRuns: 5_000,
      examples: [[''], ['2~'], ['2~7'], ['2~7~'], ['1~0.e1.5.7'], ['2~7~0.e1.5~'], ['2~7~0.e1.5 ']],
    },
  );
  expect(Math.min(seen.read, seen.foreign)).toBeGreaterThan(200);
});

test('one from a time before all time is as old as one without a time', () => {
  expect(parseToken('2~1~0.e1.5.zzz')).toEqual([part('e1', 5, 0)]);
});

test('one over 2 KiB is foreign, and none is made', () => {
  const long = Array.from({ length: 40 }, (_, index) => ({ ...part('e'.repeat(64), 1, 7 + index), partition: index }));
  expect(parseToken(`2~7${'~0.e.1'.repeat(TOKEN_LENGTH)}`)).toEqual([whole()]);
  expect(parseToken(formatToken(long))).toEqual([whole(46)]);
  expect(formatToken(long.slice(0, 16)).length).toBeLessThanOrEqual(TOKEN_LENGTH);
});

test('what did not fit, or could not be read, is washed out by no stamp of any partition', () => {
  // 1: wrote in e3, in more partitions than fit   2: its next answer is of a deposed primary that still accepts, e2
  const token = merge([whole()], stamp('e2', 5), 8, ['e1', 'e3']);
  expect(token).toEqual([whole(), part('e2', 5, 8)]);
  expect([partIn(token, 0), partIn(token, 1)]).toMatchObject([FOREIGN, FOREIGN]);
});

test('a token of one point in each of as many partitions as there may be fits', () => {
  const long = Array.from({ length: 64 }, (_, partition) => ({ ...part('e'.repeat(19), 1e6, 1e12), partition }));
  expect(parseToken(formatToken(long))).toEqual(long);
});

describe('merging', () => {
  test('same epoch: the larger clock, and the later time', () => {
    expect(merge([part('e1', 5)], stamp('e1', 3), 9, [])).toEqual([part('e1', 5, 9)]);
    expect(merge([part('e1', 5)], stamp('e1', 8), 3, [])).toEqual([part('e1', 8, 7)]);
  });

  test('each partition by itself', () => {
    const token = merge([part('e1', 5)], stamp('e2', 3, 1), 9, ['e1']);
    expect(token).toEqual([part('e1', 5), { ...part('e2', 3, 9), partition: 1 }]);
    expect([partIn(token, 0), partIn(token, 1), partIn(token, 2)]).toEqual([...token, undefined]);
  });

  test('another epoch takes the place of one that it succeeds; else both stay, foreign [7, M4]', () => {
    expect(merge([part('e1', 5)], stamp('e2', 1), 7, ['e1'])).toEqual([part('e2', 1)]);
    const foreign = merge([part('e1', 5)], stamp('e2', 1), 9, ['e0']);
    expect(foreign).toEqual([part('e1', 5), part('e2', 1, 9)]);
    expect(partIn(foreign, 0)).toMatchObject(FOREIGN);
  });

  test('one that is foreign by another epoch is not made good by a clock of one of them [C9]', () => {
    // 1: wrote in e3, by a replica of a primary that is promoted anew   2: its answers of e1 know nothing of that
    const foreign = merge([part('e1', 5)], stamp('e3', 1), 7, ['e0']);
    expect(merge(foreign, stamp('e1', 8), 9, ['e0'])).toEqual([part('e3', 1), part('e1', 8, 9)]);
    const unsure = merge(foreign, stamp(null, 0), 9, []);
    expect(unsure).toEqual([...foreign, part(null, 0, 9)]);
    expect(partIn(merge(unsure, stamp('e1', 6), 9, []), 0)).toMatchObject(FOREIGN);
  });

  test('but by an epoch that is, or succeeds, both', () => {
    const foreign = merge([part('e1', 5)], stamp('e3', 1), 7, ['e0']);
    expect(merge(foreign, stamp('e4', 2), 7, ['e1', 'e3'])).toEqual([part('e4', 2)]);
    expect(merge(foreign, stamp('e3', 2), 7, ['e1'])).toEqual([part('e3', 2)]);
    expect(merge(foreign, stamp('e1', 2), 7, ['e3'])).toEqual([part('e1', 5)]);
    expect(merge(foreign, stamp('e4', 2), 7, ['e1'])).toEqual([part('e3', 1), part('e4', 2)]);
  });

  test('a third epoch is one more to be covered', () => {
    const foreign = ['e1', 'e2', 'e3'].reduce(
      (token, epoch) => merge(token, stamp(epoch, 1), 7, []),
      [] as readonly TokenPart[],
    );
    expect(foreign).toEqual([part('e1', 1), part('e2', 1), part('e3', 1)]);
    expect(merge(foreign, stamp('e4', 1), 7, ['e2', 'e3'])).toEqual([part('e1', 1), part('e4', 1)]);
    expect(merge(foreign, stamp('e4', 1), 7, ['e1', 'e2', 'e3'])).toEqual([part('e4', 1)]);
  });

  test('unknown makes it foreign until a clock comes', () => {
    const foreign = merge([part('e1', 5)], stamp(null, 0), 8, []);
    expect(foreign).toEqual([part('e1', 5), part(null, 0, 8)]);
    expect(merge(foreign, stamp(null, 0), 9, [])).toEqual([part('e1', 5), part(null, 0, 9)]);
    expect(merge(foreign, stamp('e1', 2), 7, [])).toEqual([part('e1', 5, 8)]);
  });

  test('unknown without a token is foreign, and replaced by the first clock', () => {
    const unknown = merge([], stamp(null, 0), 7, []);
    expect([unknown, partIn(unknown, 0)]).toMatchObject([[part(null, 0)], FOREIGN]);
    expect(merge(unknown, stamp('e1', 2), 7, [])).toEqual([part('e1', 2)]);
  });
});
