/** The origin on a real Postgres: what it reads, what each order comes to, and nothing half done. */
import { CommitAborted } from '@lockstep/cache';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WriteOrder, WriteOutcome } from '../src/origin/origin.ts';
import { PostgresOrigin } from '../src/origin/postgres.ts';
import { newKey, OriginClient } from './origin-client.ts';
import { failureOf, fieldsOf, TestDatabase, windowOf } from './origin-database.ts';

let database: TestDatabase;
let origin: PostgresOrigin;
let client: OriginClient;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  const options = { loads: 4, loadLimitMs: 5_000, applicationName: 'origin-test' };
  origin = new PostgresOrigin({ connectionString: database.url, ...options });
  client = new OriginClient(origin);
});

afterAll(async () => {
  await origin?.close();
  await database?.stop();
});

const signal = new AbortController().signal;

async function rowsOf(id: number): Promise<unknown> {
  const [row] = await database.sql(
    `SELECT (SELECT version::int FROM products WHERE id = $1) AS version,
      (SELECT count(*)::int FROM outbox WHERE key = 'product:' || $1::bigint) AS outbox`,
    [id],
  );
  return row;
}

const NEVER = 900_000_000_000;

describe('reading', () => {
  test('a product, a tombstone with its version, and an id that never was', async () => {
    const product = await client.created();
    expect(await origin.product(product.id, signal)).toEqual({ found: true, product });
    expect(product).toEqual({
      ...fieldsOf(),
      sku: product.sku,
      id: product.id,
      version: 1,
      updatedAt: product.updatedAt,
    });
    expect(new Date(product.updatedAt).toISOString()).toBe(product.updatedAt);
    expect(Math.abs(Date.now() - Date.parse(product.updatedAt))).toBeLessThan(60_000);
    await client.write({ kind: 'delete', id: product.id, condition: null });
    expect(await origin.product(product.id, signal)).toEqual({ found: false, version: 2 });
    expect(await origin.product(NEVER, signal)).toEqual({ found: false, version: null });
  });

  test('a time is UTC whatever the role has set', async () => {
    const { id } = await client.created();
    await database.sql(
      "ALTER ROLE CURRENT_USER SET timezone = 'Asia/Kathmandu'; ALTER ROLE CURRENT_USER SET datestyle = 'German'",
    );
    const options = { loads: 1, loadLimitMs: 5_000, applicationName: 'elsewhere' };
    const elsewhere = new PostgresOrigin({ connectionString: database.url, ...options });
    expect(await elsewhere.product(id, signal)).toEqual(await origin.product(id, signal));
    await elsewhere.close();
    await database.sql('ALTER ROLE CURRENT_USER RESET timezone; ALTER ROLE CURRENT_USER RESET datestyle');
  });

  test('lists are paged in order of id, without deleted products and without other categories', async () => {
    const category = 'paged';
    const ids: number[] = [];
    for (let n = 0; n < 5; n++) ids.push((await client.created({ category: n === 1 ? 'other' : category })).id);
    await client.write({ kind: 'delete', id: ids[3] ?? 0, condition: null });
    const wanted = [ids[0], ids[2], ids[4]];
    const first = await origin.list({ category, limit: 2, after: 0 }, signal);
    expect([first.items.map(({ id }) => id), first.next]).toEqual([wanted.slice(0, 2), ids[2]]);
    const second = await origin.list({ category, limit: 2, after: first.next ?? 0 }, signal);
    expect([second.items.map(({ id }) => id), second.next]).toEqual([wanted.slice(2), null]);
    expect((await origin.list({ category, limit: 3, after: 0 }, signal)).next).toBe(null);
    const all = await origin.list({ category: null, limit: 100, after: (ids[0] ?? 0) - 1 }, signal);
    expect(all.items.map(({ id }) => id)).toEqual([ids[0], ids[1], ids[2], ids[4]]);
  });
});

describe('what an order comes to', () => {
  test('a creation names its category', async () => {
    const id = await origin.nextId();
    const fields = fieldsOf({ category: 'chairs' });
    const { outcome, tags, opens } = await client.write({ kind: 'create', id, fields });
    expect(outcome).toMatchObject({ is: 'created', product: { ...fields, id, version: 1 } });
    expect(tags).toEqual(['category:chairs', 'products']);
    expect(opens).toBe(1);
  });

  test('a replacement updates what is there and names both categories', async () => {
    const { id } = await client.created({ category: 'chairs' });
    const fields = fieldsOf({ category: 'sofas', description: '' });
    const { outcome, tags } = await client.write({ kind: 'replace', id, fields, condition: [1] });
    expect(outcome).toMatchObject({ is: 'updated', product: { ...fields, id, version: 2 } });
    expect(tags).toEqual(['category:chairs', 'category:sofas', 'products']);
  });

  test('a replacement creates a deleted product again and continues its version', async () => {
    const { id } = await client.buried();
    const fields = fieldsOf({ category: 'sofas' });
    const { outcome, tags } = await client.write({ kind: 'replace', id, fields, condition: null });
    expect(outcome).toMatchObject({ is: 'created', product: { ...fields, id, version: 3 } });
    expect(tags).toEqual(['category:lamps', 'category:sofas', 'products']);
  });

  test('a patch changes what it names', async () => {
    const before = await client.created();
    const order = { kind: 'patch', id: before.id, fields: { priceCents: 1 }, condition: 'present' } as const;
    const { outcome } = await client.write(order);
    expect(outcome).toEqual({
      is: 'updated',
      product: { ...before, priceCents: 1, version: 2, updatedAt: expect.any(String) },
    });
  });

  test('a deletion answers the version of its tombstone', async () => {
    const { id } = await client.created();
    const { outcome, tags } = await client.write({ kind: 'delete', id, condition: [1] });
    expect(outcome).toEqual({ is: 'deleted', version: 2 });
    expect(tags).toEqual(['category:lamps', 'products']);
  });

  test('a purchase takes from the stock, or says how little there is', async () => {
    const { id } = await client.created({ stock: 3 });
    expect((await client.write({ kind: 'purchase', id, quantity: 3 })).outcome).toMatchObject({
      is: 'updated',
      product: { stock: 0, version: 2 },
    });
    const { outcome, tags } = await client.write({ kind: 'purchase', id, quantity: 1 });
    expect(outcome).toEqual({ is: 'insufficientStock', stock: 0, version: 2 });
    expect(tags).toEqual([]);
  });

  test('a sku that another product has is refused, and everything else of that product stays', async () => {
    const { sku } = await client.created();
    const { id } = await client.created();
    const fields = fieldsOf({ sku });
    const orders: WriteOrder[] = [
      { kind: 'create', id: await origin.nextId(), fields },
      { kind: 'replace', id, fields, condition: null },
      { kind: 'patch', id, fields: { sku, stock: 1 }, condition: null },
      { kind: 'replace', id: (await client.buried()).id, fields, condition: null },
    ];
    for (const order of orders) expect((await client.write(order)).outcome).toEqual({ is: 'duplicateSku', sku });
    expect(await client.versionOf(id)).toBe(1);
  });

  test('what is not there is not found, or fails a condition, with the version of its tombstone', async () => {
    const outcomes = async (id: number): Promise<WriteOutcome[]> => {
      const orders: WriteOrder[] = [
        { kind: 'patch', id, fields: { stock: 1 }, condition: null },
        { kind: 'delete', id, condition: null },
        { kind: 'purchase', id, quantity: 1 },
        { kind: 'replace', id, fields: fieldsOf(), condition: 'present' },
        { kind: 'patch', id, fields: { stock: 1 }, condition: [2] },
        { kind: 'delete', id, condition: [1, 2] },
      ];
      const all: WriteOutcome[] = [];
      for (const order of orders) all.push((await client.write(order)).outcome);
      return all;
    };
    const expected = (version: number | null) => [
      ...Array.from({ length: 3 }, () => ({ is: 'notFound', version })),
      ...Array.from({ length: 3 }, () => ({ is: 'conditionFailed', version })),
    ];
    expect(await outcomes((await client.buried()).id)).toEqual(expected(2));
    expect(await outcomes(NEVER)).toEqual(expected(null));
    const never: WriteOrder = { kind: 'replace', id: NEVER, fields: fieldsOf(), condition: null };
    expect((await client.write(never)).outcome).toEqual({ is: 'notFound', version: null });
  });

  test('a condition on another version fails and changes nothing', async () => {
    const { id } = await client.created();
    const { outcome, tags } = await client.write({ kind: 'replace', id, fields: fieldsOf(), condition: [2, 3] });
    expect(outcome).toEqual({ is: 'conditionFailed', version: 1 });
    expect(tags).toEqual([]);
    expect((await client.write({ kind: 'delete', id, condition: [7, 1] })).outcome).toMatchObject({ is: 'deleted' });
  });
});

describe('nothing is half done', () => {
  test.each(['opened', 'tag'] as const)(
    'when the window throws at %s, and the key can be used again',
    async (where) => {
      const { id } = await client.created();
      const before = await rowsOf(id);
      const key = newKey();
      const refusal = new CommitAborted('too late');
      const refuse = () => {
        throw refusal;
      };
      const window = { ...windowOf(), [where]: refuse };
      const order = { kind: 'purchase', id, quantity: 1 } as const;
      expect(await failureOf(origin.write(order, { key, fingerprint: 'f' }, window))).toBe(refusal);
      expect(await rowsOf(id)).toEqual(before);
      expect(await database.sql('SELECT FROM idempotency WHERE key = $1', [key])).toEqual([]);
      expect((await client.write(order, key)).outcome).toMatchObject({ is: 'updated', product: { version: 2 } });
    },
  );

  test('when Postgres refuses the statement', async () => {
    const { id } = await client.created();
    const before = await rowsOf(id);
    const key = newKey();
    const order = { kind: 'patch', id, fields: { category: 'No Slug' }, condition: null } as const;
    const failure = await failureOf(client.write(order, key));
    expect(failure).toBeInstanceOf(CommitAborted);
    expect(failure.cause).toMatchObject({ code: '23514', constraint: 'products_category_is_a_slug' });
    expect(await rowsOf(id)).toEqual(before);
    expect(await database.sql('SELECT FROM idempotency WHERE key = $1', [key])).toEqual([]);
  });

  test('when the id of a creation was taken meanwhile, in SQL', async () => {
    const { id } = await client.buried();
    const failure = await failureOf(client.write({ kind: 'create', id, fields: fieldsOf() }));
    expect(failure).toBeInstanceOf(CommitAborted);
    expect(await client.versionOf(id)).toBe(2);
  });
});

describe('the window', () => {
  test('is told the transaction whose rows are in the outbox, and none where nothing was written', async () => {
    const { id } = await client.created();
    const written = windowOf();
    await origin.write({ kind: 'purchase', id, quantity: 1 }, { key: newKey(), fingerprint: 'f' }, written);
    const [row] = await database.sql('SELECT xid::text FROM outbox WHERE key = $1 ORDER BY id DESC LIMIT 1', [
      `product:${id}`,
    ]);
    expect(written.xid).toBe(row?.xid);
    const idle = windowOf();
    await origin.write({ kind: 'purchase', id: NEVER, quantity: 1 }, null, idle);
    expect([idle.opens, idle.xid]).toEqual([1, null]);
  });
});
