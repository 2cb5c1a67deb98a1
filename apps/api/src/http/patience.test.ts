import { expect, test } from 'vitest';
import { Patience } from './patience.ts';

const NO_LIMIT = Number.POSITIVE_INFINITY;

/**
 * Looks every 20 ms from `from` to `to` at waits that are this long, while of `came` requests in each 20 ms one is begun;
 * what the last look allowed.
 */
function looks(patience: Patience, from: number, to: number, longestMs: number, came = 3): number {
  let limit = NO_LIMIT;
  for (let now = from; now <= to; now += 20) {
    const turn = now / 20;
    limit = patience.look({ now, longestMs, came: came * turn, begun: turn });
  }
  return limit;
}

const look = (patience: Patience, now: number, longestMs: number) =>
  patience.look({ now, longestMs, came: now, begun: now });

test('short waits are never limited', () => {
  expect(looks(new Patience(), 0, 60_000, 100)).toBe(NO_LIMIT);
});

test('as many as come are begun, in the end: that is nothing more than a wait', () => {
  const patience = new Patience();
  expect(looks(patience, 0, 240, 500)).toBe(NO_LIMIT);
  expect(look(patience, 241, 20)).toBe(NO_LIMIT);
  expect(looks(patience, 260, 500, 500)).toBe(NO_LIMIT);
});

test('one stall, however long, is one look', () => {
  const patience = new Patience();
  expect(look(patience, 0, 1)).toBe(NO_LIMIT);
  expect(look(patience, 30_000, 30_000)).toBe(NO_LIMIT);
});

test('long waits at each look for an interval are overload, until one look finds next to none', () => {
  const patience = new Patience();
  expect(looks(patience, 0, 260, 101)).toBe(100);
  expect(looks(patience, 280, 60_000, 101)).toBe(100);
  expect(looks(patience, 60_020, 61_000, 21)).toBe(100);
  expect(look(patience, 61_001, 20)).toBe(NO_LIMIT);
  expect(look(patience, 61_002, 101)).toBe(NO_LIMIT);
});

test('while the line becomes shorter it is a burst, and only a very long wait is limited', () => {
  const patience = new Patience();
  expect(looks(patience, 0, 240, 4_900, 0)).toBe(NO_LIMIT);
  expect(looks(patience, 260, 60_000, 4_900, 0)).toBe(5_000);
  expect(look(patience, 60_001, 100)).toBe(NO_LIMIT);
});

test('a burst becomes overload when as many come as are begun, and overload no burst until it is over', () => {
  const patience = new Patience();
  expect(looks(patience, 0, 600, 500, 0)).toBe(5_000);
  expect(looks(patience, 620, 1_200, 500, 1)).toBe(100);
  expect(looks(patience, 1_220, 2_000, 500, 0)).toBe(100);
});
