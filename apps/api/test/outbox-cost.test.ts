/**
 * What the relay costs Postgres with 100,000 rows in the outbox, as the plans of the statements that it sends: pages that
 * they touch, and rows that they look at. In tables of which Postgres has no statistics yet, as after a burst of writes.
 */
import type { PendingQuery } from '@lockstep/cache';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestDatabase } from './origin-database.ts';
import { EPOCH, type Sent, since, TestRelay } from './outbox-relay.ts';

const ROWS = 100_000;
const WRITERS = 20_000;

let database: TestDatabase;
let relay: TestRelay;
let client: Client;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  relay = new TestRelay(database.url);
  client = new Client({ connectionString: database.url });
  await client.connect();
  for (const table of ['outbox', 'outbox_done']) {
    await client.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
  }
  // So many transactions that each have written a few rows.
  await client.query(`DO $$ BEGIN
    FOR n IN 1..${WRITERS} LOOP
      INSERT INTO outbox (key, tags) SELECT 'product:' || n, '{products,category:lamps}' FROM generate_series(1, ${ROWS / WRITERS});
      COMMIT;
    END LOOP;
  END $$`);
  await client.query(`INSERT INTO outbox_done SELECT id, 0, $1, 1 FROM outbox`, [EPOCH]);
});

afterAll(async () => {
  await relay?.close();
  await client?.end();
  await database?.stop();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

/** Pages that the statement touches, rows that it takes from the outbox, tables that it goes through from end to end. */
async function costOf({ text, values }: Sent) {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, [...values]);
  const { Plan: plan } = rows[0]['QUERY PLAN'][0] as { readonly Plan: Plan };
  const nodes = (one: Plan): readonly Plan[] => [one, ...(one.Plans ?? []).flatMap(nodes)];
  const all = nodes(plan);
  const scans = all.filter((node) => node['Relation Name'] === 'outbox');
  return {
    pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    looked: scans.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0),
    whole: all.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']),
  };
}

async function sentBy(query: PendingQuery, limit = 2_000): Promise<readonly Sent[]> {
  relay.sent.length = 0;
  await relay.relay(query, { limit });
  return [...relay.sent];
}

/** The statement that goes through rows. */
function looking(sent: readonly Sent[]): Sent {
  const found = sent.find(({ text }) => text.includes('WITH looked'));
  if (found === undefined) throw new Error('no rows were looked at');
  return found;
}

async function catchUp(query: PendingQuery): Promise<number> {
  for (let rounds = 1; ; rounds++) {
    let complete = false;
    await relay.round(query, async (round, pending) => {
      if (pending === 'busy') throw new Error('busy');
      complete = pending.complete;
      if (pending.rows.length > 0) round.done(0, query.epoch, [{ clock: 1, ids: pending.rows.map(({ id }) => id) }]);
    });
    if (complete) return rounds;
  }
}

test('a new relay goes through all rows once, in rounds that each look at a bounded number', async () => {
  const first = looking(await sentBy(since(EPOCH)));
  const { looked, whole } = await costOf(first);
  expect(looked).toBeLessThanOrEqual(10_000);
  expect(whole).toEqual([]);
  expect(await catchUp(since(EPOCH))).toBeLessThanOrEqual(ROWS / 10_000);
});

test('a quiet round is one statement that touches a few pages', async () => {
  await catchUp(since(EPOCH));
  const sent = await sentBy(since(EPOCH));
  expect(sent).toHaveLength(1);
  const { pages, whole } = await costOf(sent[0] as Sent);
  expect(pages).toBeLessThanOrEqual(20);
  expect(whole).toEqual([]);
});

test('so it is while a transaction that began long ago stays open, however much is written meanwhile', async () => {
  await database.as(async (writer) => {
    await writer.query(`BEGIN; INSERT INTO outbox (key, tags) VALUES ('open', '{}')`);
    await client.query(`INSERT INTO outbox (key, tags) SELECT 'k', '{}' FROM generate_series(1, 5000)`);
    await catchUp(since(EPOCH));
    const sent = await sentBy(since(EPOCH));
    expect(sent).toHaveLength(1);
    expect((await costOf(sent[0] as Sent)).pages).toBeLessThanOrEqual(20);
    await writer.query('ROLLBACK');
  });
});

test('a round with new rows looks at these alone, marked by their writers or not', async () => {
  await catchUp(since(EPOCH));
  const { rows } = await client.query<{ xid: string }>(
    `INSERT INTO outbox (key, tags) SELECT 'k', '{}' FROM generate_series(1, 20) RETURNING xid`,
  );
  const mark = { transaction: rows[0]?.xid as string, partition: 0, epoch: EPOCH, clock: 2, keys: ['k'], tags: [] };
  relay.sent.length = 0;
  await relay.outbox.doneBy([mark]);
  expect((await costOf(relay.sent[0] as Sent)).pages).toBeLessThanOrEqual(1_000);
  await client.query(`INSERT INTO outbox (key, tags) SELECT 'l', '{}' FROM generate_series(1, 20)`);
  const sent = await sentBy(since(EPOCH));
  for (const one of sent.filter(({ text }) => /outbox/.test(text))) {
    const { looked, whole } = await costOf(one);
    expect(looked).toBeLessThanOrEqual(60);
    expect(whole).toEqual([]);
  }
});

test('the first rounds of a new epoch, and the removal of old rows, look at as many as they take', async () => {
  const first = looking(await sentBy(since('epoch-2', { preceding: { epoch: EPOCH, upTo: 0 } }), 100));
  const { whole } = await costOf(first);
  expect(whole).toEqual([]);
  relay.sent.length = 0;
  await relay.outbox.purge({ partitions: [0], ageMs: 0, limit: 100 });
  const purge = await costOf(relay.sent[0] as Sent);
  expect(purge.whole).toEqual([]);
  expect(purge.looked).toBeLessThanOrEqual(500);
});
