/** What plain SQL may do to the catalogue, and that the table keeps its versions, tombstones and outbox whoever writes. */
import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { failureOf, type Row, TestDatabase } from './origin-database.ts';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  client = new Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.stop();
});

/** Each test has product 1 to itself, at version 1, and an empty outbox. */
beforeEach(async () => {
  await client.query('BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM products; COMMIT');
  await insert(1);
  await client.query('DELETE FROM outbox');
});

async function insert(id: number, sku = `SKU-${id}`, category = 'lamps') {
  return client.query(
    `INSERT INTO products (id, sku, name, category, price_cents, stock) VALUES ($1, $2, 'Lamp', $3, 500, 7)`,
    [id, sku, category],
  );
}

async function row(id = 1): Promise<Row | undefined> {
  const { rows } = await client.query<Row>(
    'SELECT version::int AS version, deleted_at IS NOT NULL AS deleted, stock, name FROM products WHERE id = $1',
    [id],
  );
  return rows[0];
}

async function outbox(): Promise<Row[]> {
  const { rows } = await client.query<Row>('SELECT key, tags, xid FROM outbox ORDER BY id');
  return rows.map(({ key, tags, xid }) => ({ key, tags: (tags as string[]).toSorted(), xid }));
}

async function stateOf(work: Promise<unknown>): Promise<string | undefined> {
  const error = await failureOf(work);
  expect(error).toBeInstanceOf(DatabaseError);
  return error.code;
}

test('an inserted product begins at version 1, whatever the statement says', async () => {
  const { rows, rowCount } = await client.query(
    `INSERT INTO products (sku, name, category, price_cents, version, updated_at)
      VALUES ('NEW', 'Lamp', 'lamps', 1, 77, '2001-01-01') RETURNING version::int, updated_at > now() - interval '1 h' AS fresh`,
  );
  expect(rowCount).toBe(1);
  expect(rows).toEqual([{ version: 1, fresh: true }]);
});

test('every update counts one, also one that changes nothing or says another version', async () => {
  const updates = ['stock = stock', 'version = 900', 'version = 1, name = name', "updated_at = '2001-01-01'"];
  for (const [index, update] of updates.entries()) {
    const { rows, rowCount } = await client.query(
      `UPDATE products SET ${update} WHERE id = 1
        RETURNING version::int, updated_at BETWEEN now() - interval '1 h' AND now() + interval '1 h' AS fresh`,
    );
    expect(rowCount).toBe(1);
    expect(rows).toEqual([{ version: index + 2, fresh: true }]);
  }
});

test('a deletion is a tombstone one version higher; it reports no row, and a second one does nothing', async () => {
  const first = await client.query('DELETE FROM products WHERE id = 1 RETURNING version');
  expect([first.rowCount, first.rows]).toEqual([0, []]);
  expect(await row()).toMatchObject({ version: 2, deleted: true });
  await client.query('DELETE FROM products');
  await client.query("UPDATE products SET deleted_at = '2001-01-01' WHERE id = 1");
  expect((await client.query('UPDATE products SET stock = 1 WHERE id = 1')).rowCount).toBe(0);
  expect(await row()).toMatchObject({ version: 2, deleted: true, stock: 7 });
  expect(await outbox()).toHaveLength(1);
});

test('an insert on a tombstone revives it and continues its version', async () => {
  await client.query('DELETE FROM products WHERE id = 1');
  const revived = await insert(1, 'AGAIN');
  expect(revived.rowCount).toBe(0);
  expect(await row()).toMatchObject({ version: 3, deleted: false });
  await client.query('DELETE FROM products WHERE id = 1');
  await client.query('UPDATE products SET deleted_at = NULL WHERE id = 1');
  expect(await row()).toMatchObject({ version: 5, deleted: false });
});

test('of two that revive a tombstone at the same time one meets the primary key', async () => {
  await client.query('DELETE FROM products WHERE id = 1');
  await client.query('BEGIN');
  await insert(1, 'FIRST');
  const second = database.sql(
    "INSERT INTO products (id, sku, name, category, price_cents) VALUES (1, 'SECOND', 'Lamp', 'lamps', 1)",
  );
  const state = stateOf(second);
  await expect.poll(() => database.waiting(1)).toBe(true);
  await client.query('COMMIT');
  expect(await state).toBe('23505');
  expect(await row()).toMatchObject({ version: 3, deleted: false });
});

test('an upsert counts one', async () => {
  const upsert = `INSERT INTO products (id, sku, name, category, price_cents) VALUES (1, 'SKU-1', 'Upserted', 'lamps', 1)
    ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name`;
  await client.query(upsert);
  expect(await row()).toMatchObject({ version: 2, name: 'Upserted', stock: 7 });
});

test('two writes in one transaction count two and leave two outbox rows of that transaction', async () => {
  await client.query('BEGIN');
  await client.query('UPDATE products SET stock = 1 WHERE id = 1');
  await client.query('SAVEPOINT before');
  await client.query('UPDATE products SET stock = 2 WHERE id = 1');
  await client.query('ROLLBACK TO SAVEPOINT before');
  await client.query('UPDATE products SET stock = 3 WHERE id = 1');
  const { rows } = await client.query<Row>('SELECT pg_current_xact_id() AS xid');
  await client.query('COMMIT');
  expect(await row()).toMatchObject({ version: 3, stock: 3 });
  expect((await outbox()).map(({ xid }) => xid)).toEqual([rows[0]?.xid, rows[0]?.xid]);
});

test('what is rolled back leaves no version and no outbox row', async () => {
  await client.query('BEGIN; UPDATE products SET stock = 1; DELETE FROM products; ROLLBACK');
  expect(await row()).toEqual({ version: 1, deleted: false, stock: 7, name: 'Lamp' });
  expect(await outbox()).toEqual([]);
});

test('twenty writers at the same time count exactly twenty', async () => {
  const writers = Array.from({ length: 20 }, () => database.sql('UPDATE products SET stock = stock + 1 WHERE id = 1'));
  await Promise.all(writers);
  expect(await row()).toMatchObject({ version: 21, stock: 27 });
  expect(await outbox()).toHaveLength(20);
});

test('the outbox names the product, its categories before and after, and all products', async () => {
  await insert(2, 'TWO', 'chairs');
  await client.query("UPDATE products SET category = 'sofas' WHERE id = 2");
  await client.query('UPDATE products SET stock = 1 WHERE id = 2');
  await client.query('DELETE FROM products WHERE id = 2');
  await insert(2, 'TWO', 'chairs');
  expect((await outbox()).map(({ key, tags }) => [key, tags])).toEqual([
    ['product:2', ['category:chairs', 'products']],
    ['product:2', ['category:chairs', 'category:sofas', 'products']],
    ['product:2', ['category:sofas', 'products']],
    ['product:2', ['category:sofas', 'products']],
    ['product:2', ['category:chairs', 'category:sofas', 'products']],
  ]);
});

test('an id cannot be changed, the table not truncated, a deleted product not inserted', async () => {
  expect(await stateOf(client.query('UPDATE products SET id = 5 WHERE id = 1'))).toBe('23001');
  expect(await stateOf(client.query('TRUNCATE products'))).toBe('23001');
  const inserted = client.query(
    "INSERT INTO products (id, sku, name, category, price_cents, deleted_at) VALUES (5, 'X', 'X', 'x', 1, now())",
  );
  expect(await stateOf(inserted)).toBe('23514');
  expect(await row()).toMatchObject({ version: 1, deleted: false });
});

test.each([
  ["sku = ''", '23514'],
  ["name = ''", '23514'],
  ["category = ''", '23514'],
  ["category = 'Not A Slug'", '23514'],
  ["category = 'trailing-'", '23514'],
  ['price_cents = -1', '23514'],
  ['stock = stock - 8', '23514'],
  ['description = NULL', '23502'],
])('%s is refused', async (change, state) => {
  expect(await stateOf(client.query(`UPDATE products SET ${change} WHERE id = 1`))).toBe(state);
  expect(await row()).toMatchObject({ version: 1, stock: 7 });
});

test('a sku is free again when its product is deleted, and then not for the product that comes back', async () => {
  expect(await stateOf(insert(2, 'SKU-1'))).toBe('23505');
  await client.query('DELETE FROM products WHERE id = 1');
  await insert(2, 'SKU-1');
  expect(await stateOf(client.query('UPDATE products SET deleted_at = NULL WHERE id = 1'))).toBe('23505');
});

test('ids given out by hand are passed over', async () => {
  const { rows } = await client.query<{ next: string }>('SELECT next_product_id() AS next');
  const next = Number(rows[0]?.next);
  for (const id of [next + 1, next + 2]) await insert(id);
  await client.query('DELETE FROM products WHERE id = $1', [next + 2]);
  const inserted = await client.query<{ id: string }>(
    "INSERT INTO products (sku, name, category, price_cents) VALUES ('HAND', 'Lamp', 'lamps', 1) RETURNING id",
  );
  expect(Number(inserted.rows[0]?.id)).toBe(next + 3);
});

test('a write leaves every row of the outbox where it is, however old', async () => {
  await client.query(
    `INSERT INTO outbox (id, key, tags) OVERRIDING SYSTEM VALUE SELECT n, 'product:1', '{}' FROM generate_series(1, 2) n`,
  );
  // 0002 swept at each 256th number.
  await client.query('ALTER TABLE outbox ALTER COLUMN id RESTART WITH 256000');
  await client.query('UPDATE products SET stock = 1 WHERE id = 1');
  const { rows } = await client.query<{ id: string }>('SELECT id FROM outbox ORDER BY id');
  expect(rows.map(({ id }) => Number(id))).toEqual([1, 2, 256_000]);
});

test('keys older than a day are forgotten now and then, younger ones not', async () => {
  await client.query(
    `INSERT INTO idempotency (key, fingerprint, created_at)
      SELECT 'old-' || n, 'f', now() - interval '25 h' FROM generate_series(1, 600) n WHERE hashtext('old-' || n) & 255 <> 0`,
  );
  await client.query(
    "INSERT INTO idempotency (key, fingerprint, created_at) VALUES ('young', 'f', now() - interval '23 h')",
  );
  const { rows: before } = await client.query('SELECT FROM idempotency');
  await client.query(
    `INSERT INTO idempotency (key, fingerprint)
      SELECT 'new-' || n, 'f' FROM generate_series(1, 10000) n WHERE hashtext('new-' || n) & 255 = 0 LIMIT 1`,
  );
  const { rows } = await client.query<{ key: string }>('SELECT key FROM idempotency');
  expect(rows.length).toBe(before.length + 1 - 512);
  expect(rows.map(({ key }) => key)).toContain('young');
});
