import { expect, test } from 'vitest';
import { pick, seeded, zipf } from './random.ts';

const numbers = (seed: number, count: number) => {
  const random = seeded(seed);
  return Array.from({ length: count }, () => random() * 2 ** 32);
};

test('a seed is one sequence for ever, or the runs that seeds were noted for are others', () => {
  expect(numbers(0, 3)).toEqual([1_144_304_738, 1_416_247, 958_946_056]);
  expect(numbers(-5, 3)).toEqual([2_078_107_854, 227_493_659, 4_033_117_029]);
  expect(numbers(2 ** 32 - 5, 3)).toEqual(numbers(-5, 3));
});

test('ranks are drawn as often as the exponent says', () => {
  const [count, draws] = [100, 100_000];
  const rank = zipf(seeded(7), count, 1);
  const drawn = new Array<number>(count).fill(0);
  for (let i = 0; i < draws; i++) {
    const at = rank();
    drawn[at] = (drawn[at] ?? 0) + 1;
  }
  const harmonic = drawn.reduce((sum, _, index) => sum + 1 / (index + 1), 0);
  const off = drawn.map((times, index) => times / (draws / harmonic / (index + 1)));
  expect(Math.min(...off)).toBeGreaterThan(0.7);
  expect(Math.max(...off)).toBeLessThan(1.3);
  expect(drawn).toHaveLength(count);
});

test('one of a list is drawn, and of nothing none can be', () => {
  expect(['a', 'b']).toContain(pick(seeded(1), ['a', 'b']));
  expect(() => pick(seeded(1), [])).toThrow('nothing to pick from');
});
