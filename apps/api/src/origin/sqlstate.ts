import { DatabaseError } from 'pg';

/** Connection exceptions, insufficient resources, operator intervention (shutdown, starting up, cancelled, timeouts). */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57']);

const UNAVAILABLE_STATES: ReadonlySet<string> = new Set([
  '25006', // read_only_sql_transaction: this is no primary (any more)
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '40001', // serialization_failure: only a conflict with somebody else; again it may succeed
  '40P01', // deadlock_detected: likewise
  '55P03', // lock_not_available
]);

/** Of class 57, the one that ends a statement and leaves the connection as it was. */
const QUERY_CANCELED = '57014';
const SESSION_ENDED: ReadonlySet<string> = new Set(['25P03', '25P04']);

const IN_FAILED_TRANSACTION = '25P02';

const SKU_INDEX = 'products_sku_key';
const UNIQUE_VIOLATION = '23505';

/** True when Postgres was not reached or cannot serve now; false when it has understood the statement and refused it. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlstate(error);
  return state === null || UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || UNAVAILABLE_STATES.has(state);
}

/** True when the connection cannot be used again. */
export function endsConnection(error: unknown): boolean {
  const state = sqlstate(error);
  if (state === null || SESSION_ENDED.has(state)) return true;
  return state !== QUERY_CANCELED && ['08', '57'].includes(state.slice(0, 2));
}

/** True when a statement was refused because one before it, in the same transaction, had failed. */
export function isAborted(error: unknown): boolean {
  return sqlstate(error) === IN_FAILED_TRANSACTION;
}

export function isDuplicateSku(error: unknown): boolean {
  return sqlstate(error) === UNIQUE_VIOLATION && (error as DatabaseError).constraint === SKU_INDEX;
}

/** Null for what Postgres did not say: a socket's error, a timeout of ours. */
function sqlstate(error: unknown): string | null {
  return error instanceof DatabaseError ? (error.code ?? null) : null;
}
