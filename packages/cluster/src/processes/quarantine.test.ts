/** When L1 may serve again after a restart of Redis: who is waited for, and who is not. */
import { expect, test } from 'vitest';
import { epochsOf, quarantineOver, type Viewed } from './quarantine.ts';
import type { ReplicaView } from './replica.ts';

const PATIENCE = { limitMs: 10_000, signal: new AbortController().signal };
const view = (state: ReplicaView['state'], epoch: string, quarantineMs = 0): ReplicaView => {
  return { state, partitions: [{ epoch, quarantineMs }] };
};

/** Says one thing after the other, and the last again and again. */
function replica(views: readonly (ReplicaView | null)[], cutOff = false): Viewed & { asked: number } {
  const one = {
    cutOff,
    asked: 0,
    view: async () => views[Math.min(one.asked++, views.length - 1)] ?? null,
  };
  return one;
}

test('every replica has to leave the former epoch, and its quarantine to end', async () => {
  const slow = replica([view('ready', 'old'), view('ready', 'new', 20), view('ready', 'new')]);
  await quarantineOver(() => [replica([view('ready', 'new')]), slow], new Set(['old']), PATIENCE);
  expect(slow.asked).toBe(3);
});

test('one that is late with its beat is waited for', async () => {
  const late = replica([view('parked', 'old'), view('parked', 'old'), view('ready', 'new')]);
  await quarantineOver(() => [replica([view('ready', 'new')]), late], new Set(['old']), PATIENCE);
  expect(late.asked).toBe(3);
});

test('one that is cut off, or silent, is not', async () => {
  const others = [replica([view('parked', 'old')], true), replica([null])];
  await quarantineOver(() => [replica([view('ready', 'new')]), ...others], new Set(['old']), PATIENCE);
  expect(others.map(({ asked }) => asked)).toEqual([1, 1]);
});

test('without anybody who takes part it is not over, without replicas it is', async () => {
  await quarantineOver(() => [], new Set(['old']), PATIENCE);
  const cut = replica([view('parked', 'old'), view('parked', 'old'), view('ready', 'new')], true);
  await quarantineOver(() => [cut], new Set(['old']), PATIENCE);
  expect(cut.asked).toBe(3);
});

test('who does not answer has no say in which epochs there are', async () => {
  expect(await epochsOf([replica([view('ready', 'a')]), replica([view('parked', 'b')]), replica([null])])).toEqual(
    new Set(['a', 'b']),
  );
});
