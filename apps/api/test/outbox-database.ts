import { Client } from 'pg';
import { TestDatabase } from './origin-database.ts';
import { TestRelay } from './outbox-relay.ts';

/** A database whose outbox tests write to in plain SQL, with as many relays and writers as they like. */
export class TestOutbox {
  readonly database: TestDatabase;
  readonly #opened: (Client | TestRelay)[] = [];

  private constructor(database: TestDatabase) {
    this.database = database;
  }

  static async start(): Promise<TestOutbox> {
    const database = await TestDatabase.start();
    await database.migrate();
    return new TestOutbox(database);
  }

  /** Until the end of the test. */
  relay(namespace?: string): TestRelay {
    const made = new TestRelay(this.database.url, namespace);
    this.#opened.push(made);
    return made;
  }

  /** Until the end of the test. */
  async connect(): Promise<Client> {
    const made = new Client({ connectionString: this.database.url });
    made.on('error', () => undefined);
    await made.connect();
    this.#opened.push(made);
    return made;
  }

  /** A transaction that has written these rows and not ended. */
  async transaction(...keys: string[]): Promise<Client> {
    const writer = await this.connect();
    await writer.query('BEGIN');
    for (const key of keys) await insert(writer, key);
    return writer;
  }

  /** After each test: nothing is open, and nothing is left. */
  async reset(): Promise<void> {
    for (const one of this.#opened.splice(0)) await (one instanceof Client ? one.end() : one.close());
    await this.database.sql('DELETE FROM outbox');
  }

  stop(): Promise<void> {
    return this.database.stop();
  }
}

/** A row with the tag `all`, as a trigger writes it. */
export async function insert(writer: Client, key: string): Promise<{ readonly id: string; readonly xid: string }> {
  const { rows } = await writer.query(`INSERT INTO outbox (key, tags) VALUES ($1, '{all}') RETURNING id, xid`, [key]);
  return rows[0];
}
