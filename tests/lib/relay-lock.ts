import { Client } from 'pg';

/** What a relay holds while it is at work on the one partition, so that others leave it alone. */
const LOCK = "SELECT pg_advisory_lock(hashtext('lockstep'), 0)";

/** Keeps relays from their work, as another relay would that is at work all the time, while this goes on. */
export async function whileNobodyRelays<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(LOCK);
    return await work();
  } finally {
    // Releases it.
    await client.end();
  }
}
