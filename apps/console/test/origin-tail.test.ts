/** The truth has no gaps: commits in another order than their ids and xids, a restart of the origin, many writes at once. */
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TestDatabase } from '../../api/test/origin-database.ts';
import { type Committed, OriginTail } from '../src/observe/origin-tail.ts';

let database: TestDatabase;
let tail: OriginTail;
let told: Committed[];

const insert = `INSERT INTO products (id, sku, name, description, category, price_cents, stock)
  SELECT id, 'sku-' || id, 'n', '', 'tea', 1, 1 FROM generate_series(1, 50) AS id`;
const raise = (client: Pick<Client, 'query'>, id: number) =>
  client.query('UPDATE products SET price_cents = price_cents + 1 WHERE id = $1', [id]);
const newest = (id: number) => told.findLast(({ key }) => key === `product:${id}`)?.version;
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 60_000, interval: 10 });

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  await database.sql(insert);
});

afterAll(async () => {
  await tail.close();
  await database.stop();
});

beforeEach(async () => {
  await tail?.close();
  told = [];
  tail = new OriginTail({
    databaseUrl: database.url,
    ids: Array.from({ length: 50 }, (_, index) => index + 1),
    committed: (commit) => told.push(commit),
    state: () => undefined,
  });
  tail.start();
  await poll(() => told.length).toBe(50);
});

test('a transaction that began first and commits last is not missed', async () => {
  const before = { 1: newest(1) ?? 0, 2: newest(2) ?? 0 };
  await database.as(async (late) => {
    await late.query('BEGIN');
    await raise(late, 1);
    await database.as((other) => raise(other, 2));
    await poll(() => newest(2)).toBe(before[2] + 1);
    expect(newest(1)).toBe(before[1]);
    await late.query('COMMIT');
  });
  await poll(() => newest(1)).toBe(before[1] + 1);
});

test('what was rolled back is never told', async () => {
  const before = newest(3) ?? 0;
  await database.as(async (client) => {
    await client.query('BEGIN');
    await raise(client, 3);
    await client.query('ROLLBACK');
    await raise(client, 4);
  });
  await poll(() => newest(4)).toBe((told.find(({ key }) => key === 'product:4')?.version ?? 0) + 1);
  expect(newest(3)).toBe(before);
});

test('when its connection is ended, it knows afterwards what was written meanwhile', async () => {
  const before = newest(5) ?? 0;
  await database.as(async (client) => {
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lockstep-console'`,
    );
    await raise(client, 5);
  });
  await poll(() => newest(5)).toBe(before + 1);
});

test('more rows than one look takes in: the newest versions all the same', async () => {
  const before = newest(6) ?? 0;
  await database.as(async (client) => {
    await client.query('BEGIN');
    for (let round = 0; round < 120; round++) await client.query('UPDATE products SET stock = stock + 1');
    await client.query('COMMIT');
  });
  await poll(() => newest(6)).toBe(before + 120);
  const next = newest(7) ?? 0;
  await database.as((client) => raise(client, 7));
  await poll(() => newest(7)).toBe(next + 1);
});
