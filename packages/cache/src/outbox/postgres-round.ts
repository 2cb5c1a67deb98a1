import type { Mark, OutboxRow } from '../core/relay.ts';
import type { OutboxRound, Pending, PendingQuery } from './outbox.ts';
import type { OutboxSession } from './postgres-outbox.ts';
import { BEGINNING, behind, behindAll, parseSnapshot, type RowKey, rewound, type Watermark } from './watermark.ts';

/** How far a partition has been seen to, and by which measure. */
export interface Place {
  /** What counted as done: another measure begins anew. */
  readonly measure: string;
  readonly watermark: Watermark;
}

export interface PostgresRoundOptions {
  readonly namespace: string;
  /** Life of the transaction, ms. */
  readonly limitMs: number;
  readonly token: string;
  readonly places: Map<number, Place>;
}

/** Rows that one statement looks at; those that are done cost about 5 us each. */
const LOOKED_AT = 10_000;

/**
 * Whether there is anything behind the watermark at all, and if not, in which snapshot. Nearly every round ends here. The
 * order leaves the planner no other way than the index, also where it believes that most rows would do.
 */
const GLANCE = `SELECT pg_current_snapshot()::text AS snapshot, current_setting('lockstep.relay', true) AS token,
  (SELECT true FROM outbox WHERE (xid, id) > ($1::xid8, $2::bigint) ORDER BY xid, id LIMIT 1) IS NOT NULL OR EXISTS (
    SELECT FROM unnest($3::xid8[]) AS late(xid)
    CROSS JOIN LATERAL (SELECT FROM outbox WHERE xid = late.xid ORDER BY xid, id LIMIT 1) AS o
  ) AS any`;

/** Nobody waits for the disk: a mark that is lost only makes more work. */
const BEGUN = `SELECT current_setting('lockstep.relay', true) AS token,
  set_config('transaction_timeout', $1, true), set_config('synchronous_commit', 'off', true)`;

/**
 * The lock goes with the transaction, which Postgres ends when its time is over: a relay that is paused keeps the others
 * from their work no longer than that.
 */
const LOCK = 'SELECT pg_try_advisory_xact_lock(hashtext($1), $2) AS locked';

/**
 * Asked of each row by itself, in the index of `outbox_done`. As a join the planner would have to guess how many rows there
 * are, and in tables that were empty a moment ago it guesses wrong, by minutes.
 */
const NOT_DONE = `
  (SELECT true FROM outbox_done WHERE outbox_id = o.id AND partition = $5 AND epoch = $6) IS NULL AND
  (SELECT true FROM outbox_done WHERE outbox_id = o.id AND partition = $5 AND epoch = $7 AND clock <= $8) IS NULL`;

/**
 * The rows behind the watermark, and those of transactions that were open then, each sort up to the limit. The snapshot is
 * the one that these were read in, as all of it is one statement.
 */
const PENDING = `WITH looked AS MATERIALIZED (
    SELECT id, xid FROM outbox WHERE (xid, id) > ($1::xid8, $2::bigint) ORDER BY xid, id LIMIT ${LOOKED_AT}
  ), undone AS MATERIALIZED (
    (SELECT id, xid, false AS late FROM looked AS o WHERE ${NOT_DONE} ORDER BY xid, id LIMIT $4)
    UNION ALL
    (SELECT o.id, o.xid, true AS late FROM unnest($3::xid8[]) AS late(xid) CROSS JOIN LATERAL (
      SELECT id, xid FROM outbox AS o WHERE xid = late.xid AND ${NOT_DONE} ORDER BY xid, id LIMIT $4
    ) AS o ORDER BY xid, id LIMIT $4)
  )
  SELECT pg_current_snapshot()::text AS snapshot, (SELECT count(*) FROM looked)::int AS looked,
    (SELECT xid::text FROM looked ORDER BY looked.xid DESC, id DESC LIMIT 1) AS last_xid,
    (SELECT id::text FROM looked ORDER BY looked.xid DESC, id DESC LIMIT 1) AS last_id,
    undone.late, undone.id::text, undone.xid::text, o.key, o.tags
  FROM (SELECT) AS once LEFT JOIN (
    undone CROSS JOIN LATERAL (SELECT key, tags FROM outbox WHERE id = undone.id OFFSET 0) AS o
  ) ON true
  ORDER BY undone.xid, undone.id`;

const UNDONE = `SELECT id::text FROM unnest($1::bigint[]) AS o(id)
  WHERE (SELECT true FROM outbox_done WHERE outbox_id = o.id AND partition = $2 AND epoch = $3) IS NULL`;

/** Rows that were purged meanwhile are left out; those that are locked here cannot be. */
const DONE = `INSERT INTO outbox_done (outbox_id, partition, epoch, clock)
  SELECT m.* FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::bigint[]) AS m(id, partition, epoch, clock)
  CROSS JOIN LATERAL (SELECT FROM outbox WHERE outbox.id = m.id FOR KEY SHARE) AS o
  ON CONFLICT DO NOTHING`;

interface Glanced {
  readonly snapshot: string;
  readonly token: string | null;
  readonly any: boolean;
}

/** What was looked at, and a row that is pending; all of that is null where none is. */
interface PendingRow {
  readonly snapshot: string;
  readonly looked: number;
  readonly last_xid: string | null;
  readonly last_id: string | null;
  readonly late: boolean | null;
  readonly id: string | null;
  readonly xid: string | null;
  readonly key: string | null;
  readonly tags: readonly string[] | null;
}

/** What a round has to do with one partition. */
interface Part {
  /** Where the partition will be once everything that was handed out is done. */
  readonly next: Place;
  readonly handedOut: Set<string>;
}

interface Done {
  readonly id: string;
  readonly partition: number;
  readonly epoch: string;
  readonly clock: number;
}

/** One round on one connection. It has a transaction from where rows were found to its end. */
export class PostgresRound implements OutboxRound {
  readonly #session: OutboxSession;
  readonly #options: PostgresRoundOptions;
  readonly #parts = new Map<number, Part>();
  readonly #done: Done[] = [];
  #begun = false;
  /** The end of what is asked at present: a connection answers one thing after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(session: OutboxSession, options: PostgresRoundOptions) {
    this.#session = session;
    this.#options = options;
  }

  pending(partition: number, query: PendingQuery, limit: number): Promise<Pending | 'busy'> {
    return this.#inTurn(() => this.#pending(partition, query, limit));
  }

  async undone(partition: number, epoch: string, ids: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#inTurn(() => this.#ask<{ id: string }>(UNDONE, [ids, partition, epoch]));
    const undone = new Set(rows.map(({ id }) => id));
    for (const id of ids) if (!undone.has(id)) this.#parts.get(partition)?.handedOut.delete(id);
    return [...undone];
  }

  done(partition: number, epoch: string, marks: readonly Mark[]): void {
    for (const { clock, ids } of marks) {
      for (const id of ids) {
        this.#parts.get(partition)?.handedOut.delete(id);
        this.#done.push({ id, partition, epoch, clock });
      }
    }
  }

  /** Keeps what was marked, and goes on behind it next time. */
  async keep(): Promise<void> {
    if (this.#done.length > 0) {
      // In the order of writers, or one that waits for the other's marks would be a deadlock. Within a partition it is theirs.
      const done = this.#done.sort((a, b) => a.partition - b.partition);
      const columns = (['id', 'partition', 'epoch', 'clock'] as const).map((name) => done.map((one) => one[name]));
      await this.#ask(DONE, columns);
    }
    if (this.#begun) await this.#ask('COMMIT');
    for (const [partition, { next, handedOut }] of this.#parts) {
      if (handedOut.size === 0) this.#options.places.set(partition, next);
    }
  }

  /** Ends the transaction where that is still possible; otherwise the end of the connection does. */
  async undo(): Promise<void> {
    if (this.#begun) await this.#session.query('ROLLBACK').catch(() => undefined);
  }

  async #pending(partition: number, query: PendingQuery, limit: number): Promise<Pending | 'busy'> {
    const { namespace, token, places } = this.#options;
    const measure = measureOf(query);
    const place = places.get(partition);
    if (place?.measure === measure) {
      const glanced = await this.#one<Glanced>(GLANCE, valuesOf(place.watermark));
      if (glanced.token === token && !glanced.any) {
        const watermark = behindAll(parseSnapshot(glanced.snapshot));
        this.#parts.set(partition, { next: { measure, watermark }, handedOut: new Set() });
        return { rows: [], complete: true };
      }
    }
    if (!this.#begun) await this.#begin();
    const { locked } = await this.#one<{ locked: boolean }>(LOCK, [namespace, partition]);
    if (!locked) return 'busy';
    const present = places.get(partition);
    return this.#read(partition, query, present?.measure === measure ? present.watermark : BEGINNING, limit);
  }

  async #begin(): Promise<void> {
    const { limitMs, token, places } = this.#options;
    this.#begun = true;
    // A new snapshot for each statement: what is pending is read, and read again, after the lock was taken.
    await this.#ask('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
    const begun = await this.#one<{ token: string | null }>(BEGUN, [String(Math.max(1, Math.floor(limitMs)))]);
    if (begun.token === token) return;
    places.clear();
    this.#parts.clear();
    await this.#ask(`SELECT set_config('lockstep.relay', $1, false)`, [token]);
  }

  async #read(partition: number, query: PendingQuery, from: Watermark, limit: number): Promise<Pending> {
    const { epoch, preceding, replay } = query;
    const found = await this.#ask<PendingRow>(PENDING, [
      ...valuesOf(from),
      limit + 1,
      partition,
      replay ? null : epoch,
      preceding?.epoch ?? null,
      preceding?.upTo ?? null,
    ]);
    const [first] = found;
    if (first === undefined) throw new Error('Postgres has answered nothing');
    const undone = found.filter(isRow);
    const late = undone.filter((row) => row.late);
    // More than one round takes: in their order with the rest they are gone through once, beside it each round would begin
    // at their first.
    if (late.length > limit) return this.#read(partition, query, rewound(from), limit);
    const onward = undone.filter((row) => !row.late);
    const taken = onward.slice(0, limit - late.length);
    const cut = taken.length < onward.length;
    const complete = !cut && first.looked < LOOKED_AT;
    const snapshot = parseSnapshot(first.snapshot);
    const last = cut ? taken.at(-1) : { xid: first.last_xid, id: first.last_id };
    const watermark = complete ? behindAll(snapshot) : behind(snapshot, last === undefined ? from.after : keyOf(last));
    const rows = [...late, ...taken].map(({ id, key, tags }) => ({ id, key, tags }));
    const handedOut = new Set(rows.map(({ id }) => id));
    this.#parts.set(partition, { next: { measure: measureOf(query), watermark }, handedOut });
    return { rows, complete };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #one<R>(text: string, values: readonly unknown[]): Promise<R> {
    const [row] = await this.#ask<R>(text, values);
    if (row === undefined) throw new Error('Postgres has answered nothing');
    return row;
  }

  async #ask<R>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
    return (await this.#session.query(text, values)).rows as readonly R[];
  }
}

function measureOf({ epoch, preceding, replay }: PendingQuery): string {
  return JSON.stringify([epoch, replay, preceding?.epoch, preceding?.upTo]);
}

/** The parameters $1 to $3 of the statements that go on behind a watermark. */
function valuesOf({ after, open }: Watermark): readonly unknown[] {
  return [String(after.xid), String(after.id), open.map(String)];
}

function isRow(row: PendingRow): row is PendingRow & OutboxRow & { readonly xid: string } {
  return row.id !== null;
}

function keyOf({ xid, id }: { readonly xid: string | null; readonly id: string | null }): RowKey {
  if (xid === null || id === null) throw new Error('Postgres has looked at rows and does not say which was the last');
  return { xid: BigInt(xid), id: BigInt(id) };
}
