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

/** Backends of a replica, by its name, that wait for what a backend holds, or behind others who do. */
const WAITING = `WITH RECURSIVE behind AS (
    SELECT $2::int AS pid UNION
    SELECT a.pid FROM pg_stat_activity AS a JOIN behind ON behind.pid = ANY(pg_blocking_pids(a.pid))
  )
  SELECT pid FROM behind JOIN pg_stat_activity USING (pid) WHERE application_name = $1`;
/** Whether a product has a newer version, and a backend that has waited is at rest again. */
const COMMITTED = `SELECT 1 FROM products, pg_stat_activity
  WHERE id = $1 AND version > $2 AND pid = $3 AND state = 'idle'`;

/**
 * A replica dies after its commit and before it could tell the cache, which no timing can hit by chance:
 *   1: the row is locked   2: the replica marks the key, and waits for the row in its transaction   3: its link to Redis
 *   goes silent   4: the lock is released: the replica commits, and what it says to Redis reaches nobody   5: SIGKILL.
 * The launcher starts it again. Rejects if one of the steps did not happen in time, with the cluster as it was.
 *
 * Others write this product too, so it is this replica's backend that is waited for: by the first write that waits, and the
 * first that commits, it could be killed before it has committed anything. And what it has said to Redis waits in the link
 * when it is dead: the link is reset first, or its end would deliver it.
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
    let backend = 0;
    await until('the replica waits for the row', async () => {
      backend = (await look.query<{ pid: number }>(WAITING, [replica, pid])).rows[0]?.pid ?? 0;
      return backend !== 0;
    });
    await control.link(replica, 'command', { kind: 'blackhole' });
    await lock.query('ROLLBACK');
    const committed = async () => (await look.query(COMMITTED, [id, version, backend])).rows.length > 0;
    await until('the replica commits', committed);
    await control.signal(replica, 'SIGKILL');
    await control.link(replica, 'command', { kind: 'reset' });
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
