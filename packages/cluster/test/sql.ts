import { Client } from 'pg';

/** Connects, runs one statement, and answers its rows. */
export async function sql(url: string | null, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url ?? '' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
