/** The origin on a real Postgres: orders at the same time, and orders that come again, are each applied once. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WriteOrder } from '../src/origin/origin.ts';
import { PostgresOrigin } from '../src/origin/postgres.ts';
import { everyConnectionOpen, newKey, OriginClient } from './origin-client.ts';
import { fieldsOf, TestDatabase } from './origin-database.ts';

const LOADS = 4;
/** What an origin has for ids beside the loads. */
const ERRANDS = 2;

let database: TestDatabase;
let origin: PostgresOrigin;
let client: OriginClient;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  const options = { loads: LOADS, loadLimitMs: 5_000, applicationName: 'idempotency-test' };
  origin = new PostgresOrigin({ connectionString: database.url, ...options });
  client = new OriginClient(origin);
  const { id } = await client.created();
  const { applicationName } = options;
  await everyConnectionOpen(origin, database, { applicationName, id, loads: LOADS + ERRANDS });
});

afterAll(async () => {
  await origin?.close();
  await database?.stop();
});

const signal = new AbortController().signal;

describe('at the same time', () => {
  test('twenty writers of one product count exactly twenty', async () => {
    const { id } = await client.created({ stock: 1_000 });
    const writers = Array.from({ length: 20 }, (_, n) =>
      n % 2 === 0
        ? client.write({ kind: 'purchase', id, quantity: 1 })
        : client.write({ kind: 'patch', id, fields: { priceCents: n }, condition: null }),
    );
    const versions = (await Promise.all(writers)).map(({ outcome }) => 'product' in outcome && outcome.product.version);
    expect(versions.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, n) => n + 2));
    expect(await origin.product(id, signal)).toMatchObject({ product: { version: 21, stock: 990 } });
  });

  test('of twenty buyers of a stock of ten, ten get it', async () => {
    const { id } = await client.created({ stock: 10 });
    const buyers = Array.from({ length: 20 }, () => client.write({ kind: 'purchase', id, quantity: 1 }));
    const outcomes = (await Promise.all(buyers)).map(({ outcome }) => outcome.is);
    expect(outcomes.filter((is) => is === 'updated')).toHaveLength(10);
    expect(outcomes.filter((is) => is === 'insufficientStock')).toHaveLength(10);
  });

  test('of ten that replace the same version, one does', async () => {
    const { id } = await client.created();
    const writers = Array.from({ length: 10 }, () =>
      client.write({ kind: 'replace', id, fields: fieldsOf(), condition: [1] }),
    );
    const outcomes = (await Promise.all(writers)).map(({ outcome }) => outcome.is);
    expect(outcomes.filter((is) => is === 'updated')).toHaveLength(1);
    expect(outcomes.filter((is) => is === 'conditionFailed')).toHaveLength(9);
  });

  test('of ten that create the same sku, one does', async () => {
    const fields = fieldsOf();
    const writers = Array.from({ length: 10 }, async () =>
      client.write({ kind: 'create', id: await origin.nextId(), fields }),
    );
    const outcomes = (await Promise.all(writers)).map(({ outcome }) => outcome.is);
    expect(outcomes.filter((is) => is === 'created')).toHaveLength(1);
    expect(outcomes.filter((is) => is === 'duplicateSku')).toHaveLength(9);
  });

  test('ten times the same request is applied once, and every answer is the first, tags included', async () => {
    const { id } = await client.created();
    const key = newKey();
    const order = { kind: 'purchase', id, quantity: 2 } as const;
    const writes = await Promise.all(Array.from({ length: 10 }, () => client.write(order, key)));
    expect(await origin.product(id, signal)).toMatchObject({ product: { version: 2, stock: 8 } });
    for (const { outcome, tags } of writes) {
      expect(JSON.stringify(outcome)).toBe(JSON.stringify(writes[0]?.outcome));
      expect(tags).toEqual(['category:lamps', 'products']);
    }
  });
});

describe('under an idempotency key', () => {
  test('every outcome is remembered, though the product has changed since', async () => {
    const { sku } = await client.created();
    const { id } = await client.created({ stock: 5 });
    const dead = await client.buried();
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
      firsts.push({ key, order, first: await client.write(order, key) });
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
    const version = await client.versionOf(id);
    for (const { key, order, first } of firsts) expect(await client.write(order, key)).toEqual(first);
    expect(await client.versionOf(id)).toBe(version);
  });

  test('another request is a mismatch, and does nothing', async () => {
    const { id } = await client.created();
    const key = newKey();
    await client.write({ kind: 'purchase', id, quantity: 1 }, key, 'one');
    expect(await client.write({ kind: 'delete', id, condition: null }, key, 'other')).toMatchObject({
      outcome: { is: 'mismatch' },
      tags: [],
    });
    expect(await client.versionOf(id)).toBe(2);
  });

  test('the id of a creation can be asked for once it was committed', async () => {
    const key = newKey();
    expect(await origin.createdId(key)).toBe(null);
    const id = await origin.nextId();
    await client.write({ kind: 'create', id, fields: fieldsOf() }, key);
    expect(await origin.createdId(key)).toBe(id);
    const other = newKey();
    await client.write({ kind: 'delete', id, condition: null }, other);
    expect(await origin.createdId(other)).toBe(null);
  });

  test('an id is given out once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => origin.nextId()));
    expect(new Set(ids).size).toBe(20);
  });
});
