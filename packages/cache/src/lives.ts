import { DRIFT } from './core/limits.ts';
import type { Settings } from './options.ts';

/** Times that follow from the options, ms. */
export interface Lives {
  /** Of a write mark. */
  readonly markMs: number;
  /** Of an L1 that says nothing, S(1 + drift); 0 unless writes are linearizable. */
  readonly leaseMs: number;
  /** What the quarantine adds to the longest mark. */
  readonly beyondMarkMs: number;
  /** Age at which a client's token is forgotten, S + Q. */
  readonly tokenMs: number;
}

/** A write mark lives longer than the commit it covers by this factor: MARK's own round trip must fit as well. */
const MARK_FACTOR = 1.5;
/** What the quarantine adds to D and the longest mark, ms. */
const MARGIN_MS = 500;

/** With linearizable writes a mark also covers the wait for every L1, and with it the quarantine of a new epoch does. */
export function livesOf({ stalenessMs, commitLimitMs, writes, failoverMs }: Settings): Lives {
  const leaseMs = writes === 'linearizable' ? Math.ceil(stalenessMs * (1 + DRIFT)) : 0;
  const markMs = Math.ceil(commitLimitMs * MARK_FACTOR) + leaseMs;
  const beyondMarkMs = failoverMs + MARGIN_MS;
  return { markMs, leaseMs, beyondMarkMs, tokenMs: stalenessMs + markMs + beyondMarkMs };
}
