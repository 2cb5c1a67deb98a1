import { performance } from 'node:perf_hooks';

/** The process' time as the cache uses it: one monotonic clock, and timers on it. A simulation puts its own in the place. */
export interface Time {
  /** Local ms, monotonic. */
  now(): number;
  /** Runs it once, `ms` from now at the earliest; the result takes that back. */
  after(ms: number, run: () => void): () => void;
}

export const REAL_TIME: Time = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export function sleep(time: Time, ms: number): Promise<void> {
  return new Promise((resolve) => {
    time.after(ms, resolve);
  });
}
