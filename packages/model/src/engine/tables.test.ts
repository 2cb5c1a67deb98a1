import { expect, test } from 'vitest';
import { Lineage } from './lineage.ts';
import { Queue } from './queue.ts';
import { Tuples } from './tuples.ts';
import { Visited } from './visited.ts';

test('tuples: what was stored is found, however often the table has grown', () => {
  const tuples = new Tuples(2, 8);
  for (let i = 0; i < 5_000; i++) tuples.set(Uint32Array.of(7, i, i % 13), 0, [1, 2], i + 1);
  expect(tuples.size).toBe(5_000);
  for (let i = 0; i < 5_000; i++) expect(tuples.get(Uint32Array.of(9, i, i % 13), 0, [1, 2])).toBe(i + 1);
  expect(tuples.get(Uint32Array.of(9, 1, 2), 0, [1, 2])).toBe(0);
});

test('visited: each vector is new once, and neighbours are not taken for each other', () => {
  const visited = new Visited(64);
  const vector = new Uint32Array(4);
  for (const again of [false, true]) {
    let added = 0;
    for (let i = 0; i < 200_000; i++) {
      vector.set([i % 100, Math.floor(i / 100) % 50, Math.floor(i / 5_000), 3]);
      if (visited.add(vector, 0, 4)) added++;
    }
    expect(added).toBe(again ? 0 : 200_000);
  }
  expect(visited.size).toBe(200_000);
});

test('queue: gives what was pushed, in order, across blocks', () => {
  const queue = new Queue(2);
  for (let i = 0; i < 40_000; i++) queue.push(Uint32Array.of(i, i + 1));
  let seen = 0;
  queue.drain((states, from) => {
    if (states[from] === seen && states[from + 1] === seen + 1) seen++;
    return false;
  });
  expect(seen).toBe(40_000);
});

test('lineage: the steps that lead to a state', () => {
  const lineage = new Lineage();
  lineage.push(0, { rule: 0, ordinal: 0 });
  for (let i = 1; i < 600_000; i++) lineage.push(i - 1, { rule: i % 50, ordinal: i % 200 });
  const path = lineage.path(599_999);
  expect(path).toHaveLength(599_999);
  expect(path[300_000]).toEqual({ rule: 300_001 % 50, ordinal: 300_001 % 200 });
});
