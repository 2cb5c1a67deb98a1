import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveStage, type LiveStageParts } from './live-stage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a process that stands still while it reads has read each product when the time is over, all the same', async () => {
  const began = performance.now();
  const late: number[] = [];
  const read = async (id: number) => {
    if (performance.now() - began >= 3_000) late.push(id);
    // The first read is answered when all of the time has gone.
    vi.advanceTimersByTime(4_000);
    return null;
  };
  const parts = { observer: { direct: { read } }, signal: new AbortController().signal };
  const stage = new LiveStage(parts as unknown as LiveStageParts);
  vi.spyOn(stage, 'wait').mockResolvedValue();
  await stage.readFor(3_000, [1, 2], 'api-2');
  expect(late).toEqual([1, 2]);
});
