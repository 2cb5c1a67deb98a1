/** What this thread's `performance.now()` counts from, on the clock that all threads share, ms. */
export function clockBase(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}
