import { expect, test } from 'vitest';
import { Session } from './session.ts';

const BOUND_MS = 1_000;
const at = (start: number, end = start + 1) => ({ start, end });
const session = (tokens = false) => new Session({ boundMs: BOUND_MS, tokens });

test('a read may miss an own write for as long as S, and no longer', () => {
  const one = session();
  expect(one.wrote('a', 2, at(0, 10))).toEqual([]);
  expect(one.read('a', 1, at(10 + BOUND_MS))).toEqual([]);
  expect(one.read('a', 1, at(11 + BOUND_MS))).toEqual(['beyond_bound']);
  expect(one.read('a', 2, at(11 + BOUND_MS))).toEqual([]);
});

test('a newer write does not excuse missing an older one', () => {
  const one = session();
  one.wrote('a', 2, at(0, 10));
  one.wrote('a', 3, at(500, 510));
  expect(one.read('a', 2, at(1_100))).toEqual([]);
  expect(one.read('a', 1, at(1_100))).toEqual(['beyond_bound']);
  // By now only the newest write is remembered, and it covers both.
  expect(one.read('a', 3, at(9_000))).toEqual([]);
  expect(one.read('a', 2, at(9_000))).toEqual(['beyond_bound']);
});

test('what another session wrote proves nothing, as nobody knows when it was acknowledged', () => {
  const one = session();
  expect(one.read('a', 5, at(0))).toEqual([]);
  expect(one.read('a', 4, at(10_000))).toEqual([]);
});

test('a write that comes not after what was written or read has overwritten it', () => {
  const one = session();
  expect(one.wrote('a', 2, at(0))).toEqual([]);
  expect(one.wrote('a', 2, at(10))).toEqual(['lost_write']);
  one.read('a', 7, at(20));
  expect(one.wrote('a', 7, at(30))).toEqual(['lost_write']);
  expect(one.wrote('a', 8, at(40))).toEqual([]);
});

test('with tokens a session sees its own writes at once, and never goes back', () => {
  const one = session(true);
  one.wrote('a', 3, at(0));
  expect(one.read('a', 2, at(5))).toEqual(['read_your_writes']);
  expect(one.read('a', 6, at(10))).toEqual([]);
  expect(one.read('a', 5, at(15))).toEqual(['monotonic_reads']);
  expect(one.read('b', 1, at(20))).toEqual([]);
});

test('only a session with tokens keeps one, the newest', () => {
  const [with_, without] = [session(true), session(false)];
  for (const one of [with_, without]) for (const token of ['t1', 't2', undefined]) one.answered(token);
  expect([with_.token, without.token]).toEqual(['t2', null]);
});
