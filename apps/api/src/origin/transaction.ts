import { CommitAborted, type CommitWindow } from '@lockstep/cache';
import type { Connections } from './connections.ts';
import type { Session } from './session.ts';
import { isAborted } from './sqlstate.ts';

/** How much longer than Postgres itself we wait for it to say that the transaction was ended, ms. */
const ANSWER_MS = 500;

/**
 * Runs the work in a transaction that Postgres ends by itself when the window's limit has passed. Throws
 * `CommitAborted` when certainly nothing was committed; any other error means that COMMIT was sent and nobody knows.
 */
export async function inTransaction<T>(
  connections: Connections,
  window: CommitWindow,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  // 0 would mean "no limit" to Postgres.
  const limitMs = Math.max(1, Math.floor(window.limitMs));
  const progress = { commitSent: false };
  try {
    return await connections.use(limitMs + ANSWER_MS, null, async (session) => {
      try {
        return await transaction(session, window, limitMs, progress, work);
      } catch (error) {
        if (!progress.commitSent) await rollBack(session);
        // In doubt: whatever this connection says next could be about that transaction.
        else session.cut(error);
        throw error;
      }
    });
  } catch (error) {
    if (progress.commitSent) {
      throw new Error('Postgres has not said whether it committed: by the end of the transaction limit it is decided', {
        cause: error,
      });
    }
    if (error instanceof CommitAborted) throw error;
    throw new CommitAborted(`nothing was committed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

async function transaction<T>(
  session: Session,
  window: CommitWindow,
  limitMs: number,
  progress: { commitSent: boolean },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  // One message, so that there is no moment at which the transaction is open and has no limit. Postgres' clock for it
  // starts before ours: it has ended before the write mark that covers it does (A5).
  await session.query(`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL transaction_timeout = ${limitMs}`);
  window.opened();
  session.limit(limitMs + ANSWER_MS);
  const result = await work(session);
  progress.commitSent = true;
  const xid = await commit(session).catch((error) => {
    // A statement had failed and the work went on: what stands before COMMIT is refused, and COMMIT is not begun.
    if (isAborted(error)) progress.commitSent = false;
    throw error;
  });
  if (xid !== null) window.transaction(xid);
  return result;
}

/** The transaction's id, asked for in the same message; null when it has written nothing. */
async function commit(session: Session): Promise<string | null> {
  const [asked] = await session.queries('SELECT pg_current_xact_id_if_assigned()::text AS xid', 'COMMIT');
  return asked?.rows[0].xid;
}

/** Gives the locks back at once; where that fails, the end of the connection or the limit does. */
async function rollBack(session: Session): Promise<void> {
  if (!session.usable) return;
  await session.query('ROLLBACK').catch(() => session.cut(new Error('it could not be rolled back')));
}
