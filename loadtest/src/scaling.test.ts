import { expect, test } from 'vitest';
import { firstAnswers, scaleMeanwhile, scalingReasons } from './scaling.ts';
import type { Target } from './target.ts';

const DURATION_S = 0.01;
const SIX = new Map(Array.from({ length: 6 }, (_, n) => [`api-${n + 1}`, n * 100]));
const steps = [
  { replicas: 6, ordered: 250, done: 300 },
  { replicas: 2, ordered: 600, done: 700 },
];

function target(scale: (replicas: number) => Promise<void>): Target {
  return { url: '', targets: [], boundMs: 1_000, protocol: null, replicas: async () => 3, scale };
}

test('it goes to 6, then to 2, one after the other', async () => {
  const orders: number[] = [];
  const scaling = await scaleMeanwhile(
    target(async (replicas) => {
      orders.push(replicas);
    }),
    DURATION_S,
    () => undefined,
    new AbortController().signal,
  );
  expect(orders).toEqual([6, 2]);
  expect(scaling.error).toBeNull();
});

test('a scaling that fails is a reason, and ends it', async () => {
  const scaling = await scaleMeanwhile(
    target(() => Promise.reject(new Error('no room'))),
    DURATION_S,
    () => undefined,
    new AbortController().signal,
  );
  expect(scaling.steps).toEqual([]);
  expect(scalingReasons(scaling, 1_000, SIX)).toEqual(['scaling has failed: Error: no room']);
});

test('it ends with the load, which is then too short to prove anything', async () => {
  const scaling = await scaleMeanwhile(
    target(async () => undefined),
    3_600,
    () => undefined,
    AbortSignal.abort(),
  );
  expect(scalingReasons(scaling, 1_000, SIX).join()).toContain('the load ended before the replicas were scaled');
});

test('it proves something only if the load outlasted it and every replica has served', () => {
  expect(scalingReasons({ steps, error: null }, 701, SIX)).toEqual([]);
  expect(scalingReasons({ steps, error: null }, 699, SIX).join()).toContain('longer --duration');
  const five = new Map([...SIX].slice(1));
  expect(scalingReasons({ steps, error: null }, 701, five)).toEqual(['only 5 of 6 replicas have served']);
});

test('first answers are those of the replicas that came with the step', () => {
  const [first = { replicas: 6, ordered: 0, done: 0 }] = steps;
  expect(firstAnswers(first, SIX)).toEqual({ 'api-4': 50, 'api-5': 150, 'api-6': 250 });
});
