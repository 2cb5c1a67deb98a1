/** How often the clocks are read together: a thread that has to wait for a processor between two readings is seldom so twice. */
const READINGS = 16;

/**
 * What this thread's `performance.now()` counts from, on the clock that all threads share, ms.
 *
 * One reading of both would not do where processors are busy:
 *   1: the shared clock is read   2: another process has the processor for some ms   3: this thread's clock is read.
 * All that this thread tells would seem to have happened by so much earlier, and a strong read that began before a write
 * was acknowledged would be held against it. So the reading counts in which the least time has passed.
 */
export function clockBase(): number {
  let best = { tookMs: Number.POSITIVE_INFINITY, base: 0 };
  for (let reading = 0; reading < READINGS; reading++) {
    const before = performance.now();
    const shared = Number(process.hrtime.bigint()) / 1e6;
    const tookMs = performance.now() - before;
    if (tookMs < best.tookMs) best = { tookMs, base: shared - before - tookMs / 2 };
  }
  return best.base;
}
