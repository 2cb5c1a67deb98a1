import { Pool, type PoolClient } from 'pg';
import { OriginUnavailable } from './origin.ts';
import { Session } from './session.ts';

export interface ConnectionsOptions {
  readonly connectionString: string;
  readonly applicationName: string;
  /** Connections at a time. */
  readonly most: number;
  /** Longest wait for one, ms: for its turn, or for Postgres to accept it. */
  readonly connectMs: number;
  /** Longest statement, ms; null: as the server has it. */
  readonly statementMs: number | null;
  /** How long Postgres lets a connection keep a transaction and ask nothing, ms; by default as the server has it. */
  readonly idleInTransactionMs?: number;
}

/** How long a connection is silent before the kernel asks whether anybody is there, ms. */
const KEEP_ALIVE_MS = 5_000;
/** How long connections may take to say goodbye, ms. */
const CLOSE_MS = 1_000;

/** A bounded number of connections to Postgres, lent for one piece of work each. */
export class Connections {
  readonly #pool: Pool;
  /** Also those that the pool has forgotten and that are still open. */
  readonly #open = new Set<PoolClient>();

  constructor(options: ConnectionsOptions) {
    const { connectionString, applicationName, most, connectMs, statementMs, idleInTransactionMs } = options;
    this.#pool = new Pool({
      connectionString,
      application_name: applicationName,
      max: most,
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      ...(statementMs === null ? {} : { statement_timeout: statementMs }),
      ...(idleInTransactionMs === undefined ? {} : { idle_in_transaction_session_timeout: idleInTransactionMs }),
    });
    // Of idle connections the pool reports the end here, and has forgotten them: the next work gets a new one.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => {
      this.#open.add(client);
      // A connection that dies while it is lent, between two queries, says so here; the next query fails then.
      client.on('error', () => undefined);
      client.once('end', () => this.#open.delete(client));
    });
  }

  /** Lends a connection for at most so long, until the signal at most; then it is destroyed and the work fails. */
  async use<T>(limitMs: number, signal: AbortSignal | null, work: (session: Session) => Promise<T>): Promise<T> {
    const session = new Session(await this.#connect());
    const cut = () => session.cut(signal?.reason);
    session.limit(limitMs);
    if (signal?.aborted) cut();
    signal?.addEventListener('abort', cut, { once: true });
    try {
      return await work(session);
    } finally {
      signal?.removeEventListener('abort', cut);
      session.release();
    }
  }

  /** Not cut short by a signal: `connectMs` bounds it, and a connection that comes late would serve the next one. */
  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw new OriginUnavailable(error);
    }
  }

  /** Waits for work under way and for goodbyes, but not for long; then destroys what is left. */
  async close(): Promise<void> {
    const late = setTimeout(() => {
      for (const client of this.#open) client.connection.stream.destroy();
    }, CLOSE_MS);
    const ended = [...this.#open].map((client) => new Promise((resolve) => client.once('end', resolve)));
    await Promise.all([this.#pool.end(), ...ended]);
    clearTimeout(late);
  }
}
