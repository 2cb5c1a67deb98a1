import { expect, test } from 'vitest';
import { Codec } from './codec.ts';

class Node {
  readonly name: string;
  readonly next: Node[] = [];

  constructor(name: string) {
    this.name = name;
  }

  get loud(): string {
    return this.name.toUpperCase();
  }
}

test('a graph comes back as it was, with its classes and its cycles', () => {
  const codec = new Codec();
  const one = new Node('one');
  const two = new Node('two');
  one.next.push(two, one);
  two.next.push(one);
  const call = () => 1;
  const graph = {
    one,
    two,
    numbers: [0, -1, 1, 127, 128, 1 << 19, 1 << 30, -2, 0.5, Number.NEGATIVE_INFINITY],
    others: [null, undefined, true, false, '', 'text'],
    map: new Map([['a', { deep: new Set([1, 2]) }]]),
    call,
  };
  const copy = codec.decode(codec.encode(graph)) as typeof graph;
  expect(copy).toEqual(graph);
  expect(copy.one).not.toBe(one);
  expect(copy.one.next[1]).toBe(copy.one);
  expect(copy.two.next[0]).toBe(copy.one);
  expect(copy.one.loud).toBe('ONE');
  expect(copy.call).toBe(call);
});

test('equal graphs give equal text, others do not', () => {
  const codec = new Codec();
  const text = codec.encode({ a: [1, { b: 'x' }], at: new Map([[1, 2]]) });
  expect(codec.encode({ a: [1, { b: 'x' }], at: new Map([[1, 2]]) })).toBe(text);
  for (const other of [
    { a: [1, { b: 'y' }], at: new Map([[1, 2]]) },
    { a: [1, { c: 'x' }], at: new Map([[1, 2]]) },
    { a: [2, { b: 'x' }], at: new Map([[1, 2]]) },
    { a: [1, { b: 'x' }], at: new Map([[1, 3]]) },
    { a: [1, { b: 'x' }, 1], at: new Map([[1, 2]]) },
  ]) {
    expect(codec.encode(other)).not.toBe(text);
  }
});

test('shared plain data is written by value: sharing is no difference', () => {
  const codec = new Codec();
  const shared = { x: 1 };
  expect(codec.encode([shared, shared])).toBe(codec.encode([{ x: 1 }, { x: 1 }]));
});
