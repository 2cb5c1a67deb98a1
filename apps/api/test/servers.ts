import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningServer, startPostgresServer, startRedisServer } from '@lockstep/cluster/servers';
import { Client } from 'pg';
import { expect, vi } from 'vitest';

/** What a replica needs around it: a Redis and a seeded Postgres of their own. */
export interface Servers {
  readonly redis: RunningServer;
  readonly postgres: RunningServer;
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Begins a transaction with these statements; what is returned commits it. */
  hold(...texts: readonly string[]): Promise<() => Promise<void>>;
  /** Resolves when a statement of this replica waits for a lock: a load or a write, no mark in the outbox. */
  waits(replica: string): Promise<void>;
  stop(): Promise<void>;
}

/** How often and how long anything is waited for, ms. */
export const WAIT = { interval: 5, timeout: 60_000 };

const MIGRATE = fileURLToPath(new URL('../src/migrate.ts', import.meta.url));

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-api-'));
  const [redis, postgres] = await Promise.all([startRedisServer(folder), startPostgresServer(folder)]);
  await migrate(postgres.url);
  const client = await connect(postgres.url);
  const sql: Servers['sql'] = async (text, values = []) => (await client.query(text, [...values])).rows;
  return {
    redis,
    postgres,
    sql,
    hold: async (...texts) => {
      const holder = await connect(postgres.url);
      for (const text of ['BEGIN', ...texts]) await holder.query(text);
      return async () => {
        await holder.query('COMMIT');
        await holder.end();
      };
    },
    waits: async (replica) => {
      // A writer and a relay that mark the same row wait for each other a moment: nobody has arrived anywhere by that.
      const waiting = `SELECT 1 FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND application_name = $1 AND query NOT LIKE '%outbox_done%'`;
      await vi.waitFor(async () => expect(await sql(waiting, [replica])).not.toEqual([]), WAIT);
    },
    stop: async () => {
      await client.end();
      await Promise.all([redis.stop(), postgres.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function migrate(databaseUrl: string): Promise<void> {
  const child = spawn(process.execPath, [MIGRATE, '--seed'], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`the migration ended with ${code}`);
}
