import { Client } from 'pg';

/** A row that nobody else can write, from outside the cluster. */
export interface RowLock {
  /** Of the row when it was locked. */
  readonly version: number;
  release(): Promise<void>;
}

/** Locks one product until it is released. */
export async function lockRow(url: string, id: number): Promise<RowLock> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('BEGIN');
  const { rows } = await client.query('SELECT version FROM products WHERE id = $1 FOR UPDATE', [id]);
  return {
    version: Number(rows[0]?.version),
    release: async () => {
      await client.query('ROLLBACK');
      await client.end();
    },
  };
}
