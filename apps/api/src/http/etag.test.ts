import { describe, expect, test } from 'vitest';
import { matchesWeakly, versionsOf } from './etag.ts';

describe('If-None-Match', () => {
  test.each([
    ['"42-3"', true],
    ['W/"42-3"', true],
    [' "a" ,W/"42-3"', true],
    ['"a","42-3","b"', true],
    ['"a,b", "42-3"', true],
    [', ,"42-3"', true],
    ['*', true],
    ['"42-4"', false],
    ['42-3', false],
    ['w/"42-3"', false],
    ['"a" "42-3"', false],
    ['"42-3', false],
    ['', false],
  ])('%s', (header, matches) => expect(matchesWeakly(header, '"42-3"')).toBe(matches));

  test('of a thousand tags only so many are looked at', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `"${i}"`).join(',');
    expect(matchesWeakly(`${many},"42-3"`, '"42-3"')).toBe(false);
  });
});

describe('If-Match', () => {
  test.each([
    ['*', 'present'],
    ['"42-3"', [3]],
    ['"42-3", "42-5"', [3, 5]],
    ['W/"42-3", "42-5"', [5]],
    ['"41-3"', []],
    ['"421-3"', []],
    ['"42-03"', []],
    ['"42-3-1"', []],
    ['"42-"', []],
    ['42-3', []],
    ['', []],
  ])('%s', (header, versions) => expect(versionsOf(header, 42)).toEqual(versions));
});
