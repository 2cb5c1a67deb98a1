import { randomUUID } from 'node:crypto';
import type { Outbox, OutboxRound, OwnMark, Purge } from './outbox.ts';
import { type Place, PostgresRound } from './postgres-round.ts';

/** A connection to Postgres, for as long as one piece of work has it; `pg` gives it that way. */
export interface OutboxSession {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/**
 * The application's connections. Each lends one for `limitMs` at most; one that is given back inside a transaction, or that
 * failed, must not be lent again.
 */
export interface OutboxDatabase {
  /** Kept for the relay, so that loads and writes cannot starve it: rounds and purges, one at a time. */
  reserved<T>(limitMs: number, work: (session: OutboxSession) => Promise<T>): Promise<T>;
  /** Any that writes: for marks, which a round waits for in its pause, and which may be late or never come. */
  shared<T>(limitMs: number, work: (session: OutboxSession) => Promise<T>): Promise<T>;
}

export interface PostgresOutboxOptions {
  readonly database: OutboxDatabase;
  /** The cache's. Relays of one namespace do not get into each other's way; the rows belong to one namespace. */
  readonly namespace?: string | undefined;
}

/** How much longer than Postgres itself we wait for it to say that a transaction was ended, ms. */
const ANSWER_MS = 500;
/** The longest wait for marks to be written, or old rows to be removed, ms. */
const STATEMENT_MS = 2_000;

/**
 * Marks need not survive a power cut, so nobody waits for the disk. A row is marked where its key and tags are among those
 * of the mark. In the order in which rounds write them too, or one that waits for the other's would be a deadlock.
 */
const MARK_OWN = `INSERT INTO outbox_done (outbox_id, partition, epoch, clock)
  SELECT o.id, m.partition, m.epoch, m.clock
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS lazily
  CROSS JOIN jsonb_to_recordset($1::jsonb)
    AS m(transaction xid8, partition smallint, epoch text, clock bigint, keys text[], tags text[])
  CROSS JOIN LATERAL (SELECT id, xid, key, tags FROM outbox WHERE xid = m.transaction ORDER BY id OFFSET 0) AS o
  WHERE o.key = ANY(m.keys) AND o.tags <@ m.tags
  ORDER BY m.partition, o.xid, o.id
  ON CONFLICT DO NOTHING`;

/** Looks at the oldest only: those behind them were marked later. SKIP LOCKED: what is being marked is not old. */
const PURGE = `WITH looked AS MATERIALIZED (
    SELECT id FROM outbox ORDER BY xid, id LIMIT $3::int
  ), old AS MATERIALIZED (
    SELECT id FROM looked CROSS JOIN LATERAL (
      SELECT count(DISTINCT partition) FILTER (WHERE partition = ANY($1::smallint[])) AS partitions, max(done_at) AS last
      FROM outbox_done WHERE outbox_id = looked.id
    ) AS marks
    WHERE partitions = cardinality($1::smallint[]) AND last < clock_timestamp() - $2 * interval '1 ms'
      AND set_config('synchronous_commit', 'off', true) = 'off'
  ), free AS MATERIALIZED (
    SELECT free.id FROM old
    CROSS JOIN LATERAL (SELECT id FROM outbox WHERE id = old.id FOR UPDATE SKIP LOCKED) AS free
  ), gone AS (
    DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT id FROM free)) RETURNING 1
  )
  SELECT count(*)::int AS count FROM gone`;

/**
 * The outbox in Postgres 17 or newer: the tables `outbox(id, key, tags, xid)` and `outbox_done(outbox_id, partition, epoch,
 * clock, done_at)` on the search path, with the index `outbox(xid, id)`. A quiet round is one statement that touches a few
 * pages, however many rows there are.
 */
export class PostgresOutbox implements Outbox {
  readonly #database: OutboxDatabase;
  readonly #namespace: string;
  /**
   * Set on each connection that a round has used. A connection that still has it is to the same server process as then, so
   * what was found out about xids holds; behind another one, everything is looked at again.
   */
  readonly #token = randomUUID();
  /** Up to where each partition has been seen to. */
  readonly #places = new Map<number, Place>();

  constructor({ database, namespace = 'lockstep' }: PostgresOutboxOptions) {
    this.#database = database;
    this.#namespace = namespace;
  }

  round(limitMs: number, work: (round: OutboxRound) => Promise<void>): Promise<void> {
    return this.#database.reserved(limitMs + ANSWER_MS, async (session) => {
      const options = { namespace: this.#namespace, limitMs, token: this.#token, places: this.#places };
      const round = new PostgresRound(session, options);
      try {
        await work(round);
        await round.keep();
      } catch (error) {
        await round.undo();
        throw error;
      }
    });
  }

  async doneBy(marks: readonly OwnMark[]): Promise<void> {
    if (marks.length === 0) return;
    await this.#database.shared(STATEMENT_MS, (session) => session.query(MARK_OWN, [JSON.stringify(marks)]));
  }

  async purge({ partitions, ageMs, limit }: Purge): Promise<number> {
    return this.#database.reserved(STATEMENT_MS, async (session) => {
      const { rows } = await session.query(PURGE, [partitions, ageMs, limit]);
      return (rows[0] as { count: number }).count;
    });
  }
}
