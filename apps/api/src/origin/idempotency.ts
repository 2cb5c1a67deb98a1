import type { Idempotency, WriteOutcome } from './origin.ts';
import type { Session } from './session.ts';
import { type Written, withoutTags } from './written.ts';

/** How often a key is asked for again that was swept between the claim that met it and the look at it. */
const CLAIMS = 3;

interface Row {
  readonly fingerprint: string;
  readonly outcome: WriteOutcome | null;
  readonly tags: readonly string[];
}

/**
 * Claims the key for this transaction: null when it is new, else what was answered under it.
 *
 *   1: A inserts the key and goes on with its write    2: B, the same request elsewhere, inserts the key and waits for A
 *   3: A commits; B inserts nothing, looks, and finds A's answer. Or A rolls back, and B's claim is the first.
 *
 * That B sees at 3 what was committed after it began needs READ COMMITTED, a new snapshot for each statement.
 */
export async function claim(session: Session, { key, fingerprint }: Idempotency): Promise<Written | null> {
  for (let attempt = 0; attempt < CLAIMS; attempt++) {
    const claimed = await session.query(
      'INSERT INTO idempotency (key, fingerprint) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING',
      [key, fingerprint],
    );
    if (claimed.rowCount === 1) return null;
    const { rows } = await session.query<Row>('SELECT fingerprint, outcome, tags FROM idempotency WHERE key = $1', [
      key,
    ]);
    const [row] = rows;
    if (row === undefined) continue;
    if (row.fingerprint !== fingerprint) return withoutTags({ is: 'mismatch' });
    if (row.outcome === null) break;
    return { outcome: row.outcome, tags: row.tags };
  }
  throw new Error('what was answered under the idempotency key cannot be read: send the request again');
}

/** Fills in the claim; from the commit on, this is what the key answers. */
export async function remember(session: Session, key: string, { outcome, tags }: Written): Promise<void> {
  await session.query('UPDATE idempotency SET outcome = $2, tags = $3 WHERE key = $1', [
    key,
    JSON.stringify(outcome),
    tags,
  ]);
}
