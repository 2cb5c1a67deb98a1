/** The arithmetic of the table, and the order in which subjects are measured. */
import { describe, expect, test } from 'vitest';
import { interleave } from './rounds.ts';
import { percentile, ratiosOf, spreadOf } from './statistics.ts';

describe('spread', () => {
  test('the median of an odd number is one of them, of an even number between two', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
    expect(spreadOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100 });
    expect(spreadOf([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 });
  });

  test('of nothing, or of what is no number, is an error', () => {
    expect(() => spreadOf([])).toThrow('at least one');
    expect(() => spreadOf([1, Number.NaN])).toThrow('numbers');
  });
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([100, 198, 200]);
  expect(percentile([7], 0.99)).toBe(7);
  expect(() => percentile([], 0.5)).toThrow('values');
});

test('ratios are of a round, so that a slow minute does not show', () => {
  expect(ratiosOf([10, 1], [20, 2])).toEqual([0.5, 0.5]);
  expect(() => ratiosOf([1], [1, 2])).toThrow('every round');
});

test('every subject once a round, in turns first and last, and once before to get warm', async () => {
  const order: string[] = [];
  const subject = (name: string) => ({ name, measure: () => order.push(name) });
  const measured = await interleave([subject('a'), subject('b')], 3);
  expect(order.join('')).toBe('ababbaab');
  expect(measured.get('a')).toEqual([3, 6, 7]);
  expect(measured.get('b')).toEqual([4, 5, 8]);
});
