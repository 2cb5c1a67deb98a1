import { Client } from 'pg';
import type { Control } from '../cluster/control.ts';
import { ask } from '../observe/ask.ts';

/** How long each step may take, ms. */
const STEP_MS = 4_000;
const LOOK_MS = 10;

export interface WriterCrash {
  readonly control: Control;
  readonly databaseUrl: string;
  readonly replica: string;
  readonly url: string;
  readonly id: number;
  /** Told of the write that nobody will ever acknowledge: its start, ms. */
  readonly begun: (start: number) => void;
}

/**
 * A replica dies after its commit and before it could tell the cache, which no timing can hit by chance:
 *   1: the row is locked   2: the replica marks the key, and waits for the row in its transaction   3: its link to Redis
 *   goes silent   4: the lock is released: the replica commits, and what it says to Redis reaches nobody   5: SIGKILL.
 * The launcher starts it again. Rejects if one of the steps did not happen in time, with the cluster as it was.
 */
export async function crashWriter({ control, databaseUrl, replica, url, id, begun }: WriterCrash): Promise<void> {
  const lock = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: STEP_MS, query_timeout: STEP_MS });
  const look = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: STEP_MS, query_timeout: STEP_MS });
  for (const client of [lock, look]) client.on('error', () => undefined);
  try {
    await Promise.all([lock.connect(), look.connect()]);
    await lock.query('BEGIN');
    const { rows } = await lock.query(
      'SELECT version, pg_backend_pid() AS pid FROM products WHERE id = $1 FOR UPDATE',
      [id],
    );
    const [{ version, pid }] = rows as [{ version: string; pid: number }];
    begun(performance.now());
    const body = JSON.stringify({ priceCents: 100 + Math.floor(Math.random() * 99_900) });
    const headers = { 'content-type': 'application/json' };
    void ask(`${url}/products/${id}`, { method: 'PATCH', headers, body, limitMs: 2 * STEP_MS });
    const waiting = 'SELECT 1 FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))';
    await until('the replica waits for the row', async () => (await look.query(waiting, [pid])).rows.length > 0);
    await control.link(replica, 'command', { kind: 'blackhole' });
    await lock.query('ROLLBACK');
    const newest = 'SELECT 1 FROM products WHERE id = $1 AND version > $2';
    await until('the replica commits', async () => (await look.query(newest, [id, version])).rows.length > 0);
    await control.signal(replica, 'SIGKILL');
  } finally {
    await control.link(replica, 'command', null).catch(() => undefined);
    await Promise.allSettled([lock.end(), look.end()]);
  }
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const since = performance.now();
  while (!(await look())) {
    if (performance.now() - since > STEP_MS) throw new Error(`${what}: not within ${STEP_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
