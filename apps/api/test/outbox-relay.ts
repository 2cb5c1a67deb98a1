import {
  type OutboxDatabase,
  type OutboxRound,
  type Pending,
  type PendingQuery,
  PostgresOutbox,
} from '@lockstep/cache';
import { Connections } from '../src/origin/connections.ts';

/** A statement as it was sent. */
export interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

const LENT_MS = 60_000;

export const EPOCH = 'epoch-1';

/** Rows done in this epoch do not come again. */
export const since = (epoch: string, rest: Partial<PendingQuery> = {}): PendingQuery => {
  return { epoch, preceding: null, replay: false, ...rest };
};

/** The outbox as one replica's relay has it: one connection for rounds, another for marks, and what was sent on them. */
export class TestRelay {
  readonly outbox: PostgresOutbox;
  readonly sent: Sent[] = [];
  readonly #reserved: Connections;
  readonly #shared: Connections;

  constructor(connectionString: string, namespace?: string) {
    const options = { connectionString, applicationName: 'relay', most: 1, connectMs: 5_000, statementMs: null };
    this.#reserved = new Connections(options);
    this.#shared = new Connections(options);
    this.outbox = new PostgresOutbox({
      database: { reserved: this.#lend(this.#reserved), shared: this.#lend(this.#shared) },
      namespace,
    });
  }

  #lend(connections: Connections): OutboxDatabase['reserved'] {
    // Not for the limit that it is asked for: a process that is paused could not keep to it, so Postgres has to.
    return (_, work) =>
      connections.use(LENT_MS, null, (session) =>
        work({
          query: (text, values = []) => {
            this.sent.push({ text, values });
            return session.query(text, values);
          },
        }),
      );
  }

  /** Begins a round, looks, and does `work` with what is pending. */
  async round(
    query: PendingQuery,
    work: (round: OutboxRound, pending: Pending | 'busy') => unknown = () => undefined,
    { partition = 0, limit = 1_000, limitMs = 5_000 } = {},
  ): Promise<void> {
    await this.outbox.round(limitMs, async (round) => {
      await work(round, await round.pending(partition, query, limit));
    });
  }

  /** A round that marks what it finds; the keys that it found. */
  async relay(query: PendingQuery, { partition = 0, limit = 1_000, clock = 1 } = {}): Promise<string[]> {
    let keys: string[] = [];
    await this.round(
      query,
      (round, pending) => {
        if (pending === 'busy') throw new Error('another relay is at work');
        keys = pending.rows.map(({ key }) => key ?? '');
        const ids = pending.rows.map(({ id }) => id);
        if (ids.length > 0) round.done(partition, query.epoch, [{ clock, ids }]);
      },
      { partition, limit },
    );
    return keys;
  }

  async close(): Promise<void> {
    await Promise.all([this.#reserved.close(), this.#shared.close()]);
  }
}
