import { whileHolding } from './while-holding.ts';

const LOCK = 'BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE';
const WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'products'::regclass";

/** Holds everybody off the products, from outside the cluster, while `work` goes on; `waiting` counts who waits for them. */
export function whileLocked<T>(url: string, work: (waiting: () => Promise<number>) => Promise<T>): Promise<T> {
  return whileHolding(url, LOCK, (holder) => work(async () => Number((await holder.query(WAITING)).rows[0]?.count)));
}
