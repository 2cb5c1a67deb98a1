import { Client } from 'pg';

/** Holds what these statements lock at the origin, from outside the cluster, while `work` goes on. */
export async function whileHolding<T>(url: string, lock: string, work: (holder: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(lock);
    return await work(client);
  } finally {
    // Releases it.
    await client.end();
  }
}
