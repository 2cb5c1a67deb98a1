/** The origin on a real Postgres: what each order comes to, once per idempotency key, and nothing half done. */
import { CommitAborted } from '@lockstep/cache';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WriteOrder, WriteOutcome } from '../src/origin/origin.ts';
import { PostgresOrigin } from '../src/origin/postgres.ts';
import type { Product, ProductFields } from '../src/product.ts';
import { failureOf, fieldsOf, TestDatabase, windowOf } from './origin-database.ts';

let database: TestDatabase;
let origin: PostgresOrigin;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  const options = { loads: 4, loadLimitMs: 5_000, applicationName: 'origin-test' };
  origin = new PostgresOrigin({ connectionString: database.url, ...options });
});

afterAll(async () => {
  await origin?.close();
  await database?.stop();
});

const signal = new AbortController().signal;
let keys = 0;
const newKey = () => `key-${++keys}`;

async function write(order: WriteOrder, key: string | null = null, fingerprint = 'f') {
  const window = windowOf();
  const outcome = await origin.write(order, key === null ? null : { key, fingerprint }, window);
  return { outcome, tags: [...window.tags].sort(), opens: window.opens };
}

async function created(fields: Partial<ProductFields> = {}): Promise<Product> {
  const id = await origin.nextId();
  const { outcome } = await write({ kind: 'create', id, fields: fieldsOf(fields) });
  if (outcome.is !== 'created') throw new Error(`expected a product, not ${outcome.is}`);
  return outcome.product;
}

async function buried(): Promise<Product> {
  const product = await created();
  await write({ kind: 'delete', id: product.id, condition: null });
  return product;
}

async function versionOf(id: number): Promise<number | null> {
  const view = await origin.product(id, signal);
  return view.found ? view.product.version : view.version;
}

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
    const product = await created();
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
    await write({ kind: 'delete', id: product.id, condition: null });
    expect(await origin.product(product.id, signal)).toEqual({ found: false, version: 2 });
    expect(await origin.product(NEVER, signal)).toEqual({ found: false, version: null });
  });

  test('a time is UTC whatever the role has set', async () => {
    const { id } = await created();
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
    for (let n = 0; n < 5; n++) ids.push((await created({ category: n === 1 ? 'other' : category })).id);
    await write({ kind: 'delete', id: ids[3] ?? 0, condition: null });
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
    const { outcome, tags, opens } = await write({ kind: 'create', id, fields });
    expect(outcome).toMatchObject({ is: 'created', product: { ...fields, id, version: 1 } });
    expect(tags).toEqual(['category:chairs', 'products']);
    expect(opens).toBe(1);
  });

  test('a replacement updates what is there and names both categories', async () => {
    const { id } = await created({ category: 'chairs' });
    const fields = fieldsOf({ category: 'sofas', description: '' });
    const { outcome, tags } = await write({ kind: 'replace', id, fields, condition: [1] });
    expect(outcome).toMatchObject({ is: 'updated', product: { ...fields, id, version: 2 } });
    expect(tags).toEqual(['category:chairs', 'category:sofas', 'products']);
  });

  test('a replacement creates a deleted product again and continues its version', async () => {
    const { id } = await buried();
    const fields = fieldsOf({ category: 'sofas' });
    const { outcome, tags } = await write({ kind: 'replace', id, fields, condition: null });
    expect(outcome).toMatchObject({ is: 'created', product: { ...fields, id, version: 3 } });
    expect(tags).toEqual(['category:lamps', 'category:sofas', 'products']);
  });

  test('a patch changes what it names', async () => {
    const before = await created();
    const order = { kind: 'patch', id: before.id, fields: { priceCents: 1 }, condition: 'present' } as const;
    const { outcome } = await write(order);
    expect(outcome).toEqual({
      is: 'updated',
      product: { ...before, priceCents: 1, version: 2, updatedAt: expect.any(String) },
    });
  });

  test('a deletion answers the version of its tombstone', async () => {
    const { id } = await created();
    const { outcome, tags } = await write({ kind: 'delete', id, condition: [1] });
    expect(outcome).toEqual({ is: 'deleted', version: 2 });
    expect(tags).toEqual(['category:lamps', 'products']);
  });

  test('a purchase takes from the stock, or says how little there is', async () => {
    const { id } = await created({ stock: 3 });
    expect((await write({ kind: 'purchase', id, quantity: 3 })).outcome).toMatchObject({
      is: 'updated',
      product: { stock: 0, version: 2 },
    });
    const { outcome, tags } = await write({ kind: 'purchase', id, quantity: 1 });
    expect(outcome).toEqual({ is: 'insufficientStock', stock: 0, version: 2 });
    expect(tags).toEqual([]);
  });

  test('a sku that another product has is refused, and everything else of that product stays', async () => {
    const { sku } = await created();
    const { id } = await created();
    const fields = fieldsOf({ sku });
    const orders: WriteOrder[] = [
      { kind: 'create', id: await origin.nextId(), fields },
      { kind: 'replace', id, fields, condition: null },
      { kind: 'patch', id, fields: { sku, stock: 1 }, condition: null },
      { kind: 'replace', id: (await buried()).id, fields, condition: null },
    ];
    for (const order of orders) expect((await write(order)).outcome).toEqual({ is: 'duplicateSku', sku });
    expect(await versionOf(id)).toBe(1);
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
      for (const order of orders) all.push((await write(order)).outcome);
      return all;
    };
    const expected = (version: number | null) => [
      ...Array.from({ length: 3 }, () => ({ is: 'notFound', version })),
      ...Array.from({ length: 3 }, () => ({ is: 'conditionFailed', version })),
    ];
    expect(await outcomes((await buried()).id)).toEqual(expected(2));
    expect(await outcomes(NEVER)).toEqual(expected(null));
    const never: WriteOrder = { kind: 'replace', id: NEVER, fields: fieldsOf(), condition: null };
    expect((await write(never)).outcome).toEqual({ is: 'notFound', version: null });
  });

  test('a condition on another version fails and changes nothing', async () => {
    const { id } = await created();
    const { outcome, tags } = await write({ kind: 'replace', id, fields: fieldsOf(), condition: [2, 3] });
    expect(outcome).toEqual({ is: 'conditionFailed', version: 1 });
    expect(tags).toEqual([]);
    expect((await write({ kind: 'delete', id, condition: [7, 1] })).outcome).toMatchObject({ is: 'deleted' });
  });
});

describe('at the same time', () => {
  test('twenty writers of one product count exactly twenty', async () => {
    const { id } = await created({ stock: 1_000 });
    const writers = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0
        ? write({ kind: 'purchase', id, quantity: 1 })
        : write({ kind: 'patch', id, fields: { priceCents: n }, condition: null }),
    );
    const versions = (await Promise.all(writers)).map(({ outcome }) => 'product' in outcome && outcome.product.version);
    expect(versions.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
    expect(await origin.product(id, signal)).toMatchObject({ product: { version: 21, stock: 990 } });
  });

  test('of twenty buyers of a stock of ten, ten get it', async () => {
    const { id } = await created({ stock: 10 });
    const buyers = Array.from({ length: 20 }, () => write({ kind: 'purchase', id, quantity: 1 }));
    const outcomes = (await Promise.all(buyers)).map(({ outcome }) => outcome.is);
    expect(outcomes.filter((is) => is === 'updated')).toHaveLength(10);
    expect(outcomes.filter((is) => is === 'insufficientStock')).toHaveLength(10);
  });

  test('of ten that replace the same version, one does', async () => {
    const { id } = await created();
    const writers = Array.from({ length: 10 }, () =>
      write({ kind: 'replace', id, fields: fieldsOf(), condition: [1] }),
    );
    const outcomes = (await Promise.all(writers)).map(({ outcome }) => outcome.is);
    expect(outcomes.filter((is) => is === 'updated')).toHaveLength(1);
    expect(outcomes.filter((is) => is === 'conditionFailed')).toHaveLength(9);
  });

  test('of ten that create the same sku, one does', async () => {
    const fields = fieldsOf();
    const writers = Array.from({ length: 10 }, async () =>
      write({ kind: 'create', id: await origin.nextId(), fields }),
    );
    const outcomes = (await Promise.all(writers)).map(({ outcome }) => outcome.is);
    expect(outcomes.filter((is) => is === 'created')).toHaveLength(1);
    expect(outcomes.filter((is) => is === 'duplicateSku')).toHaveLength(9);
  });

  test('ten times the same request is applied once, and every answer is the first, tags included', async () => {
    const { id } = await created();
    const key = newKey();
    const order = { kind: 'purchase', id, quantity: 2 } as const;
    const writes = await Promise.all(Array.from({ length: 10 }, () => write(order, key)));
    expect(await origin.product(id, signal)).toMatchObject({ product: { version: 2, stock: 8 } });
    for (const { outcome, tags } of writes) {
      expect(JSON.stringify(outcome)).toBe(JSON.stringify(writes[0]?.outcome));
      expect(tags).toEqual(['category:lamps', 'products']);
    }
  });
});

describe('under an idempotency key', () => {
  test('every outcome is remembered, though the product has changed since', async () => {
    const { sku } = await created();
    const { id } = await created({ stock: 5 });
    const dead = await buried();
    const orders: WriteOrder[] = [
      { kind: 'create', id: await origin.nextId(), fields: fieldsOf() },
      { kind: 'patch', id, fields: { name: 'Once' }, condition: null },
      { kind: 'patch', id, fields: { name: 'Never' }, condition: [1] },
      { kind: 'patch', id, fields: { sku }, condition: null },
      { kind: 'purchase', id, quantity: 6 },
      { kind: 'delete', id: dead.id, condition: null },
      { kind: 'delete', id, condition: null },
    ];
    const firsts = [];
    for (const order of orders) {
      const key = newKey();
      firsts.push({ key, order, first: await write(order, key) });
    }
    expect(firsts.map(({ first }) => first.outcome.is)).toEqual([
      'created',
      'updated',
      'conditionFailed',
      'duplicateSku',
      'insufficientStock',
      'notFound',
      'deleted',
    ]);
    await database.sql('UPDATE products SET stock = 100, sku = sku || $1 WHERE deleted_at IS NULL', ['-later']);
    const version = await versionOf(id);
    for (const { key, order, first } of firsts) expect(await write(order, key)).toEqual(first);
    expect(await versionOf(id)).toBe(version);
  });

  test('another request is a mismatch, and does nothing', async () => {
    const { id } = await created();
    const key = newKey();
    await write({ kind: 'purchase', id, quantity: 1 }, key, 'one');
    expect(await write({ kind: 'delete', id, condition: null }, key, 'other')).toMatchObject({
      outcome: { is: 'mismatch' },
      tags: [],
    });
    expect(await versionOf(id)).toBe(2);
  });

  test('the id of a creation can be asked for once it was committed', async () => {
    const key = newKey();
    expect(await origin.createdId(key)).toBe(null);
    const id = await origin.nextId();
    await write({ kind: 'create', id, fields: fieldsOf() }, key);
    expect(await origin.createdId(key)).toBe(id);
    const other = newKey();
    await write({ kind: 'delete', id, condition: null }, other);
    expect(await origin.createdId(other)).toBe(null);
  });

  test('an id is given out once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => origin.nextId()));
    expect(new Set(ids).size).toBe(20);
  });
});

describe('nothing is half done', () => {
  test.each(['opened', 'tag'] as const)(
    'when the window throws at %s, and the key can be used again',
    async (where) => {
      const { id } = await created();
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
      expect((await write(order, key)).outcome).toMatchObject({ is: 'updated', product: { version: 2 } });
    },
  );

  test('when Postgres refuses the statement', async () => {
    const { id } = await created();
    const before = await rowsOf(id);
    const key = newKey();
    const order = { kind: 'patch', id, fields: { category: 'No Slug' }, condition: null } as const;
    const failure = await failureOf(write(order, key));
    expect(failure).toBeInstanceOf(CommitAborted);
    expect(failure.cause).toMatchObject({ code: '23514', constraint: 'products_category_is_a_slug' });
    expect(await rowsOf(id)).toEqual(before);
    expect(await database.sql('SELECT FROM idempotency WHERE key = $1', [key])).toEqual([]);
  });

  test('when the id of a creation was taken meanwhile, in SQL', async () => {
    const { id } = await buried();
    const failure = await failureOf(write({ kind: 'create', id, fields: fieldsOf() }));
    expect(failure).toBeInstanceOf(CommitAborted);
    expect(await versionOf(id)).toBe(2);
  });
});
