import { type CommitWindow, type Outbox, PostgresOutbox } from '@lockstep/cache';
import type { ListPage, ListQuery, ProductView } from '../product.ts';
import { Connections } from './connections.ts';
import { claim, remember } from './idempotency.ts';
import type { Idempotency, Origin, WriteOrder, WriteOutcome } from './origin.ts';
import { perform } from './perform.ts';
import { COLUMNS, type ProductRow, productOf } from './row.ts';
import { inTransaction } from './transaction.ts';

export interface PostgresOriginOptions {
  readonly connectionString: string;
  /** The bulkhead: loads at a time. */
  readonly loads: number;
  /** The longest load, ms. */
  readonly loadLimitMs: number;
  /** What Postgres shows for the connections: the replica's name. */
  readonly applicationName: string;
}

/**
 * Transactions at a time; the next waits for its turn. With the loads of 16 replicas, and a relay for each, they fit into
 * 512 connections.
 */
const WRITES = 12;
/** Room beside the loads for the ids of creations. */
const ERRANDS = 2;
/** Longest wait for a connection, ms. */
const CONNECT_MS = 2_000;
/** The longest statement of the relay, and how long its connection may keep a transaction and do nothing, ms. */
const RELAY_MS = 2_000;
/** The part of the load limit after which Postgres ends the statement itself, which saves the connection. */
const STATEMENT_PART = 0.9;

/**
 * Postgres as the system of record. Loads are one statement in a transaction of its own, so each has a new snapshot;
 * they, the writes and the relay have connections apart: writers that wait for a lock must not keep readers out, and
 * neither of them the proof that what is cached is recent.
 */
export class PostgresOrigin implements Origin {
  readonly #loads: Connections;
  readonly #writes: Connections;
  readonly #relay: Connections;
  readonly #loadLimitMs: number;
  /** What has to be invalidated. */
  readonly outbox: Outbox;

  constructor({ connectionString, loads, loadLimitMs, applicationName }: PostgresOriginOptions) {
    const common = { connectionString, applicationName };
    this.#loads = new Connections({
      ...common,
      most: loads + ERRANDS,
      connectMs: Math.min(CONNECT_MS, loadLimitMs),
      statementMs: Math.max(1, Math.floor(loadLimitMs * STATEMENT_PART)),
    });
    // The limit of a transaction is its own.
    this.#writes = new Connections({ ...common, most: WRITES, connectMs: CONNECT_MS, statementMs: null });
    this.#relay = new Connections({
      ...common,
      most: 1,
      connectMs: CONNECT_MS,
      statementMs: RELAY_MS,
      idleInTransactionMs: RELAY_MS,
    });
    this.#loadLimitMs = loadLimitMs;
    this.outbox = new PostgresOutbox({
      database: {
        reserved: (limitMs, work) => this.#relay.use(limitMs, null, work),
        shared: (limitMs, work) => this.#writes.use(limitMs, null, work),
      },
    });
  }

  async product(id: number, signal: AbortSignal): Promise<ProductView> {
    const [row] = await this.#rows<ProductRow>(signal, `SELECT ${COLUMNS} FROM products WHERE id = $1`, [id]);
    if (row === undefined) return { found: false, version: null };
    if (row.deleted) return { found: false, version: Number(row.version) };
    return { found: true, product: productOf(row) };
  }

  async list({ category, limit, after }: ListQuery, signal: AbortSignal): Promise<ListPage> {
    const narrowed = category === null ? '' : 'AND category = $3';
    // One more than asked for tells whether there is a next page.
    const rows = await this.#rows<ProductRow>(
      signal,
      `SELECT ${COLUMNS} FROM products WHERE deleted_at IS NULL AND id > $1 ${narrowed} ORDER BY id LIMIT $2`,
      [after, limit + 1, ...(category === null ? [] : [category])],
    );
    const items = rows.slice(0, limit).map(productOf);
    return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  async nextId(): Promise<number> {
    const [row] = await this.#rows<{ id: string }>(null, 'SELECT next_product_id() AS id');
    return Number(row?.id);
  }

  async createdId(idempotencyKey: string): Promise<number | null> {
    const [row] = await this.#rows<{ id: string }>(
      null,
      `SELECT outcome -> 'product' ->> 'id' AS id FROM idempotency WHERE key = $1 AND outcome ->> 'is' = 'created'`,
      [idempotencyKey],
    );
    return row === undefined ? null : Number(row.id);
  }

  write(order: WriteOrder, idempotency: Idempotency | null, window: CommitWindow): Promise<WriteOutcome> {
    return inTransaction(this.#writes, window, async (session) => {
      const before = idempotency === null ? null : await claim(session, idempotency);
      const written = before ?? (await perform(session, order));
      window.tag(...written.tags);
      if (idempotency !== null && before === null) await remember(session, idempotency.key, written);
      return written.outcome;
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#loads.close(), this.#writes.close(), this.#relay.close()]);
  }

  #rows<R extends object>(signal: AbortSignal | null, text: string, values: readonly unknown[] = []): Promise<R[]> {
    return this.#loads.use(this.#loadLimitMs, signal, async (session) => (await session.query<R>(text, values)).rows);
  }
}
