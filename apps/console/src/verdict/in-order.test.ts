import type { Operation } from '@lockstep/history';
import { expect, test } from 'vitest';
import { InOrder } from './in-order.ts';

const operation = (client: string, end: number): Operation => ({
  ...{ client, key: 'product:1', kind: 'read', level: 'bounded', start: end - 1, end, version: 1, outcome: 'ok' },
});

test('what two threads saw is taken in the order in which it ended, and none of it before both have told', () => {
  const taken: string[] = [];
  const order = new InOrder({ take: ({ client }) => taken.push(client), lost: () => taken.push('lost') });
  order.own(10, () => taken.push('own at 10'));
  order.own(30, () => taken.push('own at 30'));
  expect(taken).toEqual([]);
  order.others([operation('other at 5', 5), operation('other at 20', 20)], 25);
  expect(taken).toEqual(['other at 5', 'own at 10', 'other at 20']);
  order.others([operation('other at 28', 28)], 50);
  expect(taken.slice(3)).toEqual(['other at 28', 'own at 30']);
});

test('while the other thread is silent only so much waits: the rest is lost, and said to be', () => {
  const taken: number[] = [];
  let lost = 0;
  const order = new InOrder({ take: () => undefined, lost: () => lost++, waitingMost: 3 });
  for (let at = 1; at <= 5; at++) order.own(at, () => taken.push(at));
  expect(lost).toBe(2);
  order.others([], 10);
  expect(taken).toEqual([1, 2, 3]);
  order.own(11, () => taken.push(11));
  order.others([], 12);
  expect([taken.at(-1), lost]).toEqual([11, 2]);
});
