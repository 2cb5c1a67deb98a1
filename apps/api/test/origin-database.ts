import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommitWindow } from '@lockstep/cache';
import { type RunningServer, startPostgresServer } from '@lockstep/cluster/servers';
import { Client } from 'pg';
import { migrate } from '../src/migrations.ts';
import type { ProductFields } from '../src/product.ts';

export type Row = Record<string, unknown>;

export const MIGRATIONS = fileURLToPath(new URL('../../../infra/postgres/migrations', import.meta.url));
export const SEED = fileURLToPath(new URL('../../../infra/postgres/seed.sql', import.meta.url));

/** A real Postgres for one test file, with what the tests do to it in plain SQL. */
export class TestDatabase {
  readonly server: RunningServer;
  readonly #folder: string;

  private constructor(server: RunningServer, folder: string) {
    this.server = server;
    this.#folder = folder;
  }

  static async start(): Promise<TestDatabase> {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-origin-'));
    return new TestDatabase(await startPostgresServer(folder), folder);
  }

  get url(): string {
    return this.server.url;
  }

  async migrate(url = this.url): Promise<void> {
    await this.as((client) => migrate(client, { folder: MIGRATIONS, seedFile: null, say: () => undefined }), url);
  }

  /** The URL of a new, empty database. */
  async empty(name: string): Promise<string> {
    await this.sql(`CREATE DATABASE ${name}`);
    return Object.assign(new URL(this.url), { pathname: `/${name}` }).href;
  }

  /** One statement on a connection of its own. */
  sql(text: string, values: unknown[] = [], url = this.url): Promise<Row[]> {
    return this.as(async (client) => (await client.query<Row>(text, values)).rows, url);
  }

  /** A connection of its own, for transactions that stay open. */
  async as<T>(work: (client: Client) => Promise<T>, url = this.url): Promise<T> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** True when so many backends wait for a lock: what was started has arrived there. */
  async waiting(count: number): Promise<boolean> {
    const [row] = await this.sql(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return row?.n === count;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

/** A window as the cache gives it, with what was told to it. */
export interface TestWindow extends CommitWindow {
  readonly tags: Set<string>;
  /** The transaction that was committed in it. */
  xid: string | null;
  opens: number;
}

export function windowOf(limitMs = 5_000, opened: () => void = () => undefined): TestWindow {
  const tags = new Set<string>();
  return {
    limitMs,
    tags,
    xid: null,
    opens: 0,
    opened() {
      this.opens++;
      opened();
    },
    transaction(id) {
      this.xid = id;
    },
    tag: (...names) => {
      for (const name of names) tags.add(name);
    },
  };
}

let skus = 0;

/** Fields of a product like no other. */
export function fieldsOf(fields: Partial<ProductFields> = {}): ProductFields {
  const sku = `SKU-${++skus}`;
  return { sku, name: 'Lamp', description: 'Bright', category: 'lamps', priceCents: 1_999, stock: 10, ...fields };
}

/** What a promise is rejected with; fails when it is not. */
export async function failureOf(work: Promise<unknown>): Promise<Error & { code?: string }> {
  const result = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in result && result.error instanceof Error) return result.error;
  throw new Error(`expected a failure, not ${JSON.stringify(result)}`);
}
