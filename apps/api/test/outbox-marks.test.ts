/** What is noted in the outbox of a real Postgres: by whom, for which epoch, and for how long. */
import type { OwnMark } from '@lockstep/cache';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insert, TestOutbox } from './outbox-database.ts';
import { EPOCH, since, type TestRelay } from './outbox-relay.ts';

let outbox: TestOutbox;
let relay: TestRelay;
let client: Client;

beforeAll(async () => {
  outbox = await TestOutbox.start();
});

afterAll(() => outbox?.stop());

beforeEach(async () => {
  relay = outbox.relay();
  client = await outbox.connect();
});

afterEach(() => outbox.reset());

const put = (key: string, writer = client) => insert(writer, key);
const query = since(EPOCH);

describe('in a new epoch', () => {
  const preceding = { epoch: EPOCH, upTo: 10 };

  beforeEach(async () => {
    for (const [key, clock] of [
      ['in time', 10],
      ['too late', 11],
    ] as const) {
      await put(key);
      await relay.relay(query, { clock });
    }
    await put('never');
  });

  test('everything is pending that was not done in it', async () => {
    expect(await relay.relay(since('epoch-2'))).toEqual(['in time', 'too late', 'never']);
  });

  test('but for repair what the preceding one did up to its end', async () => {
    expect(await relay.relay(since('epoch-2', { preceding }))).toEqual(['too late', 'never']);
    expect(await relay.relay(since('epoch-2', { preceding }))).toEqual([]);
    expect(await outbox.relay().relay(since('epoch-2', { preceding }))).toEqual([]);
    expect(await relay.relay(since('epoch-2'))).toEqual(['in time']);
  });

  test('a replay asks for what was done in the new one too, once, in pieces', async () => {
    await relay.relay(since('epoch-2', { preceding }));
    await put('next');
    const replay = since('epoch-2', { preceding, replay: true });
    expect(await relay.relay(replay, { limit: 2 })).toEqual(['too late', 'never']);
    expect(await relay.relay(replay, { limit: 2 })).toEqual(['next']);
    expect(await relay.relay(replay, { limit: 2 })).toEqual([]);
    // Another successor of the same epoch has seen none of it.
    expect(await relay.relay({ ...replay, epoch: 'epoch-3' })).toEqual(['too late', 'never', 'next']);
    expect(await outbox.relay().relay(replay)).toEqual(['too late', 'never', 'next']);
  });
});

describe("a writer's own marks", () => {
  const markOf = (transaction: string, rest: Partial<OwnMark> = {}): OwnMark => {
    return { transaction, partition: 0, epoch: EPOCH, clock: 5, keys: ['a', 'b'], tags: ['all', 'some'], ...rest };
  };

  test('are those of its transaction, at its clock, in its epoch and partition', async () => {
    const row = await put('a');
    await put('b');
    await relay.outbox.doneBy([markOf(row.xid), markOf(row.xid, { partition: 1, clock: 8 })]);
    expect(await outbox.database.sql('SELECT partition, epoch, clock FROM outbox_done ORDER BY partition')).toEqual([
      { partition: 0, epoch: EPOCH, clock: '5' },
      { partition: 1, epoch: EPOCH, clock: '8' },
    ]);
    expect(await relay.relay(query)).toEqual(['b']);
    expect(await relay.relay(query, { partition: 1 })).toEqual(['b']);
    expect(await relay.relay(since('epoch-2'))).toEqual(['a', 'b']);
  });

  test('leave out what the transaction wrote beside the keys and tags that were invalidated', async () => {
    const writer = await outbox.transaction('a', 'other');
    const { rows } = await writer.query(`INSERT INTO outbox (key, tags) VALUES ('b', '{all,more}') RETURNING xid`);
    await writer.query('COMMIT');
    await relay.outbox.doneBy([markOf(rows[0].xid)]);
    expect(await relay.relay(query)).toEqual(['other', 'b']);
  });

  test('may come twice, late, for what is gone, or for what never was', async () => {
    const row = await put('a');
    const writer = await outbox.connect();
    await writer.query('BEGIN');
    const rolledBack = await put('b', writer);
    await writer.query('ROLLBACK');
    await relay.relay(query, { clock: 3 });
    const marks = [markOf(row.xid), markOf(row.xid), markOf(rolledBack.xid), markOf('1')];
    await relay.outbox.doneBy(marks);
    await relay.outbox.doneBy([]);
    expect(await outbox.database.sql('SELECT clock FROM outbox_done')).toEqual([{ clock: '3' }]);
  });

  test('of a hundred writes are one statement', async () => {
    const marks: OwnMark[] = [];
    for (let n = 0; n < 100; n++) marks.push(markOf((await put('a')).xid, { clock: n }));
    relay.sent.length = 0;
    await relay.outbox.doneBy(marks);
    expect(relay.sent).toHaveLength(1);
    expect(await relay.relay(query)).toEqual([]);
  });
});

describe('a row is removed', () => {
  /** So long that a minute less is less, however long it takes to ask. */
  const purge = { partitions: [0, 1], ageMs: 3_600_000, limit: 100 };
  const age = (minutes: number, where = 'true') =>
    outbox.database.sql(`UPDATE outbox_done SET done_at = now() - $1 * interval '1 min' WHERE ${where}`, [minutes]);
  const keys = async () => (await outbox.database.sql('SELECT key FROM outbox ORDER BY id')).map(({ key }) => key);

  test('when it was done in every partition, and last long enough ago', async () => {
    await put('done');
    for (const partition of [0, 1]) await relay.relay(query, { partition });
    await put('half');
    await relay.relay(query);
    await put('undone');
    expect(await relay.outbox.purge(purge)).toBe(0);
    await age(59);
    expect(await relay.outbox.purge(purge)).toBe(0);
    await age(61);
    expect(await relay.outbox.purge(purge)).toBe(1);
    expect(await keys()).toEqual(['half', 'undone']);
    expect(await outbox.database.sql('SELECT count(*)::int AS count FROM outbox_done')).toEqual([{ count: 1 }]);
  });

  test('not before its last mark is old enough, in whatever epoch that is', async () => {
    await put('again');
    for (const partition of [0, 1]) await relay.relay(query, { partition });
    await age(3 * 60);
    await relay.relay(since('epoch-2'));
    expect(await relay.outbox.purge(purge)).toBe(0);
    await age(61);
    expect(await relay.outbox.purge(purge)).toBe(1);
  });

  test('counted from its mark, not from its insertion: its transaction may have been open for hours', async () => {
    await outbox.database.sql(`INSERT INTO outbox (key, tags, xid) VALUES ('old', '{}', '3')`);
    for (const partition of [0, 1]) await relay.relay(query, { partition });
    expect(await relay.outbox.purge(purge)).toBe(0);
  });

  test('with others, a bounded number at a time, the oldest first', async () => {
    for (let n = 0; n < 5; n++) await put(`row ${n}`);
    for (const partition of [0, 1]) await relay.relay(query, { partition });
    await age(61);
    expect(await relay.outbox.purge({ ...purge, limit: 3 })).toBe(3);
    expect(await keys()).toEqual(['row 3', 'row 4']);
  });

  test('later, when somebody has it locked', async () => {
    await put('locked');
    await put('free');
    for (const partition of [0, 1]) await relay.relay(query, { partition });
    await age(61);
    await client.query(`BEGIN; SELECT FROM outbox WHERE key = 'locked' FOR KEY SHARE`);
    expect(await relay.outbox.purge(purge)).toBe(1);
    await client.query('COMMIT');
    expect(await relay.outbox.purge(purge)).toBe(1);
  });
});
