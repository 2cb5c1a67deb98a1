/** Own marks: written together, soon, and never more of them kept than there is room for. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { REAL_TIME } from '../time.ts';
import type { OwnMark } from './outbox.ts';
import { OWN_MARKS_MS, OwnMarks } from './own-marks.ts';

const FLUSH_MS = OWN_MARKS_MS;
let written: (readonly OwnMark[])[];
let answer: () => Promise<void>;
let marks: OwnMarks;

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  answer = async () => undefined;
  const doneBy = (some: readonly OwnMark[]) => {
    written.push(some);
    return answer();
  };
  marks = new OwnMarks({ doneBy }, REAL_TIME);
});

afterEach(() => {
  vi.useRealTimers();
});

function add(count: number, from = 0): void {
  for (let n = from; n < from + count; n++) {
    marks.add({ transaction: String(n), partition: 0, epoch: 'e', clock: n, keys: ['k'], tags: [] });
  }
}

const clocks = () => written.map((some) => some.map(({ clock }) => clock));

test('are written together, a moment after the first', async () => {
  add(1);
  await vi.advanceTimersByTimeAsync(FLUSH_MS - 1);
  add(2, 1);
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(clocks()).toEqual([[0, 1, 2]]);
  await vi.advanceTimersByTimeAsync(10 * FLUSH_MS);
  add(1, 3);
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  expect(clocks()).toEqual([[0, 1, 2], [3]]);
});

test('are written a hundred at a time, one statement after the other', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  answer = () => promise;
  add(250);
  await vi.advanceTimersByTimeAsync(10 * FLUSH_MS);
  expect(written.map((some) => some.length)).toEqual([100]);
  resolve();
  await vi.advanceTimersByTimeAsync(2 * FLUSH_MS);
  expect(written.map((some) => some.length)).toEqual([100, 100, 50]);
});

test('make room, the oldest first, while the origin does not answer', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  answer = () => promise;
  add(1);
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  add(2_500, 1);
  resolve();
  await vi.advanceTimersByTimeAsync(2 * FLUSH_MS);
  const all = clocks().flat();
  expect(all).toHaveLength(2_001);
  expect(all.slice(0, 2)).toEqual([0, 501]);
});

test('that cannot be written are left to the relay, and the next are written', async () => {
  answer = () => Promise.reject(new Error('the origin is gone'));
  add(1);
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  answer = async () => undefined;
  add(1, 1);
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  expect(clocks()).toEqual([[0], [1]]);
});

test('are written at the end, if that is quick, and none is taken afterwards', async () => {
  add(1);
  const closed = marks.close();
  add(1, 1);
  await vi.advanceTimersByTimeAsync(FLUSH_MS);
  await closed;
  expect(clocks()).toEqual([[0]]);
});

test('do not keep the process from its end', async () => {
  answer = () => new Promise(() => undefined);
  add(150);
  let closed = false;
  void marks.close().then(() => {
    closed = true;
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(closed).toBe(true);
  expect(written).toHaveLength(1);
});
