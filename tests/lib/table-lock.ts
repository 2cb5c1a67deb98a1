import { Client } from 'pg';

const WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'products'::regclass";

/** Holds everybody off the products, from outside the cluster, while `work` goes on; `waiting` counts who waits for them. */
export async function whileLocked<T>(url: string, work: (waiting: () => Promise<number>) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
    return await work(async () => Number((await client.query(WAITING)).rows[0]?.count));
  } finally {
    // Releases it.
    await client.end();
  }
}
