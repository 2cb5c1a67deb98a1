import { whileHolding } from './while-holding.ts';

/** What a relay holds while it is at work on the one partition, so that others leave it alone. */
const LOCK = "SELECT pg_advisory_lock(hashtext('lockstep'), 0)";

/** Keeps relays from their work, as another relay would that is at work all the time, while this goes on. */
export function whileNobodyRelays<T>(url: string, work: () => Promise<T>): Promise<T> {
  return whileHolding(url, LOCK, work);
}
