/** The pulse: on time, in haste when asked, and never put off by being asked again and again. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Partition } from './core/partition.ts';
import { newCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import { LruStore } from './l1/lru.ts';
import { Pulse } from './pulse.ts';
import { REAL_TIME } from './time.ts';

const BEAT_MS = 250;
let beats: number;
let pulse: Pulse;

beforeEach(() => {
  vi.useFakeTimers();
  beats = 0;
  const partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(1) });
  const beat = async () => {
    beats++;
    return { sent: partition.sending(0), reply: { is: 'unreachable', error: new Error('nobody there') } };
  };
  const settings = { name: 'test', stalenessMs: 1_000, beatMs: BEAT_MS };
  const units = [{ partition, requests: { beat } }];
  const time = { ...REAL_TIME, now: () => 0 };
  const engine = { settings, units, counters: newCounters(), time, random: () => 0 };
  pulse = new Pulse(engine as unknown as Engine, () => undefined);
});

afterEach(() => {
  pulse.stop();
  vi.useRealTimers();
});

test('beats at once, then each period', async () => {
  pulse.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(beats).toBe(1);
  await vi.advanceTimersByTimeAsync(4 * BEAT_MS);
  expect(beats).toBe(5);
});

test('asked by a message every millisecond it beats soon, and not once for each', async () => {
  pulse.start();
  await vi.advanceTimersByTimeAsync(0);
  for (let i = 0; i < 100; i++) {
    void pulse.now();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(beats).toBeGreaterThan(10);
  expect(beats).toBeLessThanOrEqual(51);
});

test('stopped it beats no more', async () => {
  pulse.start();
  pulse.stop();
  void pulse.now();
  await vi.advanceTimersByTimeAsync(4 * BEAT_MS);
  expect(beats).toBe(0);
});

test('whoever asked waits for a round that begins later, not for the one under way', async () => {
  pulse.start();
  await vi.advanceTimersByTimeAsync(0);
  let rounds = 0;
  void pulse.now().then(() => {
    rounds = beats;
  });
  await vi.advanceTimersByTimeAsync(2);
  expect(rounds).toBe(2);
});
