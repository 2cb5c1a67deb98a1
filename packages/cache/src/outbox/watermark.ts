/**
 * Up to where every row of the outbox has been seen to, so that a round need not look at all of them again.
 *
 * Rows are in order of their transaction's xid, and within it of their id. An xid is given when a transaction begins to
 * write, and its rows are seen when it commits, so an order alone is not enough:
 *   1: A draws xid 5, B draws xid 6   2: B commits; a round does its rows, and goes on behind xid 6   3: A commits.
 * So beside the place it is remembered which transactions in front of it were still running. What is in front of it and
 * not of one of those was committed or rolled back when the snapshot was taken: no more rows can appear there.
 *
 * That holds as long as xids are given in order, which ends with the server process: one that crashed gives the last few
 * out again if nothing of theirs was on disk, and so does a standby that is promoted.
 */
export interface Watermark {
  readonly after: RowKey;
  /** Transactions whose xid is not behind `after`, and which had not ended; at most one for each connection. */
  readonly open: readonly bigint[];
}

export interface RowKey {
  readonly xid: bigint;
  readonly id: bigint;
}

/** `pg_current_snapshot()`: every transaction before `end` has ended but the running ones. */
export interface Snapshot {
  readonly end: bigint;
  readonly running: readonly bigint[];
}

/** The largest `bigint`. */
const LAST_ID = 2n ** 63n - 1n;

export const BEGINNING: Watermark = { after: { xid: 0n, id: 0n }, open: [] };

/** Reads `<xmin>:<xmax>:<xid>,<xid>...`. */
export function parseSnapshot(text: string): Snapshot {
  const [, end, running = ''] = text.split(':');
  if (end === undefined) throw new Error(`${JSON.stringify(text)} is no snapshot`);
  return { end: BigInt(end), running: running.split(',').filter(Boolean).map(BigInt) };
}

/** Behind everything that this snapshot shows. */
export function behindAll({ end, running }: Snapshot): Watermark {
  return { after: { xid: end - 1n, id: LAST_ID }, open: running };
}

/** Behind what this snapshot shows up to a row, or up to where a watermark was. */
export function behind({ running }: Snapshot, after: RowKey): Watermark {
  return { after, open: running.filter((xid) => xid <= after.xid) };
}

/** In front of every transaction that was open, so that these are read in order with what follows them. */
export function rewound({ after, open }: Watermark): Watermark {
  const first = open.reduce((least, xid) => (xid < least ? xid : least), after.xid + 1n);
  return { after: { xid: first - 1n, id: LAST_ID }, open: [] };
}
