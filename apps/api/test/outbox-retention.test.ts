/** The outbox where no relay works: it stays short, and nothing is taken from a relay that comes later. */
import { Retention } from '@lockstep/cache';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { TestDatabase } from './origin-database.ts';
import { EPOCH, since, TestRelay } from './outbox-relay.ts';

const OPTIONS = {
  redisUrl: 'redis://127.0.0.1:6379',
  name: 'retention',
  stalenessMs: 1_000,
  commitLimitMs: 50,
  loadLimitMs: 50,
  // What was seen and is still there must be found so, on a busy machine as well.
  l2TtlMs: 1_500,
};
/** S, the longest mark, its margin, the longest load and the longest life in L2. */
const AGE_MS = 1_000 + 75 + 500 + 50 + 1_500;
/** Periods pass faster here. */
const TIME = {
  now: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms / 100);
    return () => clearTimeout(timer);
  },
};

let database: TestDatabase;
/** Open already: what is there for three seconds must be seen in them, and a busy machine connects for one. */
let looking: Client;
let relay: TestRelay;
let retention: Retention;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  looking = new Client({ connectionString: database.url });
  await looking.connect();
});

afterAll(async () => {
  await looking?.end();
  await database?.stop();
});

beforeEach(() => {
  relay = new TestRelay(database.url);
  retention = new Retention(relay.outbox, OPTIONS, TIME);
  retention.start();
});

afterEach(async () => {
  await retention.stop();
  await relay.close();
  await database.sql('DELETE FROM outbox');
});

const insert = (rows: number) =>
  database.sql(`INSERT INTO outbox (key, tags) SELECT 'k' || n, '{}' FROM generate_series(1, $1::int) n`, [rows]);

async function count(table = 'outbox'): Promise<unknown> {
  return (await looking.query(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count;
}

test('rows are gone when they have been there long enough, however many', async () => {
  const begun = performance.now();
  await insert(2_500);
  await expect.poll(() => count('outbox_done')).toBe(2_500);
  expect(await count()).toBe(2_500);
  await expect.poll(() => count()).toBe(0);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(AGE_MS);
  expect(await count('outbox_done')).toBe(0);
});

test('a row stays so long after its commit, however long ago it was written', async () => {
  await database.as(async (writer) => {
    await writer.query(`BEGIN; INSERT INTO outbox (key, tags) VALUES ('early', '{}')`);
    await insert(1);
    await expect.poll(() => count()).toBe(0);
    const committed = performance.now();
    await writer.query('COMMIT');
    await expect.poll(() => count('outbox_done')).toBe(1);
    await expect.poll(() => count()).toBe(0);
    expect(performance.now() - committed).toBeGreaterThanOrEqual(AGE_MS);
  });
});

test('what was seen is not done: a relay that comes finds it, and does not take it for done anywhere', async () => {
  const other = new TestRelay(database.url);
  const purge = () => other.outbox.purge({ partitions: [0], ageMs: 0, limit: 10 });
  await purge();
  await insert(2);
  await expect.poll(() => count('outbox_done')).toBe(2);
  expect(await purge()).toBe(0);
  expect(await other.relay(since(EPOCH))).toEqual(['k1', 'k2']);
  await other.close();
});
