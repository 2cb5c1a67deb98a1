/** Tokens as text, and how they merge. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TOKEN_LENGTH } from './limits.ts';
import { formatToken, mergePart, parseToken, type TokenPart } from './token.ts';

const part = (epoch: string | null, clock: number, foreign = epoch === null, issuedAt = 7): TokenPart => ({
  partition: 0,
  epoch,
  clock,
  issuedAt,
  foreign,
});
const stamp = (epoch: string | null, clock: number) => ({ partition: 0, epoch, clock });
const FOREIGN = [part(null, 0, true, 0)];

test('what was formatted is parsed again', () => {
  const parts = fc.record({
    partition: fc.nat({ max: 1_000 }),
    epoch: fc.option(fc.stringMatching(/^[0-9a-z]{1,20}$/)),
    clock: fc.nat(),
    issuedAt: fc.nat(),
    foreign: fc.boolean(),
  });
  const tokens = fc.array(parts, { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(tokens, (token) => {
      const shown = token.map((each) => ({ ...each, foreign: each.foreign || each.epoch === null }));
      expect(parseToken(formatToken(token))).toEqual(shown);
    }),
    { seed: 1 },
  );
});

test('any other text is foreign, not an error', () => {
  for (const text of ['', '1', '2~0.e.1.1', 'x', '1~0.e', '1~0.e.1.1.g']) expect(parseToken(text)).toEqual(FOREIGN);
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseToken(text).every((each) => each.foreign || /^1~/.test(text))).toBe(true);
    }),
    { seed: 1 },
  );
});

test('one over 2 KiB is foreign, and none is made', () => {
  const long = Array.from({ length: 40 }, (_, index) => ({ ...part('e'.repeat(64), 1), partition: index }));
  expect(parseToken(`1${'~0.e.1.1'.repeat(TOKEN_LENGTH)}`)).toEqual(FOREIGN);
  expect(parseToken(formatToken(long))).toEqual(FOREIGN);
  expect(formatToken(long.slice(0, 16)).length).toBeLessThanOrEqual(TOKEN_LENGTH);
});

describe('merging', () => {
  test('same epoch: the larger clock, and the later time', () => {
    expect(mergePart(part('e1', 5), stamp('e1', 3), 9, [])).toEqual(part('e1', 5, false, 9));
    expect(mergePart(part('e1', 5), stamp('e1', 8), 3, [])).toEqual(part('e1', 8, false, 7));
  });

  test('another epoch replaces the client’s only if it succeeds it; else the client’s stays, foreign [7, M4]', () => {
    expect(mergePart(part('e1', 5), stamp('e2', 1), 7, ['e1'])).toEqual(part('e2', 1));
    expect(mergePart(part('e1', 5), stamp('e2', 1), 7, ['e0'])).toEqual(part('e1', 5, true));
  });

  test('unknown makes it foreign until a clock of the same epoch comes', () => {
    const foreign = mergePart(part('e1', 5), stamp(null, 0), 7, []);
    expect(foreign).toEqual(part('e1', 5, true));
    expect(mergePart(foreign, stamp('e1', 2), 7, [])).toEqual(part('e1', 5));
  });

  test('unknown without a token is foreign, and replaced by the first clock', () => {
    const unknown = mergePart(undefined, stamp(null, 0), 7, []);
    expect(unknown).toEqual(part(null, 0));
    expect(mergePart(unknown, stamp('e1', 2), 7, [])).toEqual(part('e1', 2));
  });
});
