/**
 * What of the outbox is pending, on a real Postgres: that no row is lost between transactions that commit in another order
 * than they began, and that relays and partitions do not get into each other's way.
 */
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { failureOf } from './origin-database.ts';
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

describe('what is pending', () => {
  test('is every committed row, in the order of the transactions, until it is done', async () => {
    await put('a');
    const open = await outbox.transaction('b');
    await put('c');
    expect(await relay.relay(query)).toEqual(['a', 'c']);
    expect(await relay.relay(query)).toEqual([]);
    await open.query('ROLLBACK');
    expect(await relay.relay(query)).toEqual([]);
    await put('d');
    expect(await relay.relay(query)).toEqual(['d']);
  });

  test('is a row whose transaction began before others that are done, however many rounds ago', async () => {
    const early = await outbox.transaction('early');
    await put('late');
    expect(await relay.relay(query)).toEqual(['late']);
    for (let round = 0; round < 3; round++) {
      await put(`later ${round}`);
      expect(await relay.relay(query)).toEqual([`later ${round}`]);
    }
    await early.query('COMMIT');
    expect(await relay.relay(query)).toEqual(['early']);
    expect(await relay.relay(query)).toEqual([]);
  });

  test('is a row written behind a savepoint, once its whole transaction has ended', async () => {
    const writer = await outbox.transaction('before');
    await writer.query('SAVEPOINT one');
    await put('within', writer);
    await put('other');
    expect(await relay.relay(query)).toEqual(['other']);
    await writer.query('COMMIT');
    expect(await relay.relay(query)).toEqual(['before', 'within']);
  });

  test('comes in pieces, none of which is lost or comes twice, while others commit in between', async () => {
    const first = await outbox.transaction('first');
    for (let n = 0; n < 7; n++) await put(`row ${n}`);
    const early = await outbox.transaction('early');
    await put('row 7');
    const found: string[] = [];
    const pieces: boolean[] = [];
    for (let piece = 0; piece < 20 && pieces.at(-1) !== true; piece++) {
      if (piece === 1) for (const writer of [first, early]) await writer.query('COMMIT');
      await relay.round(
        query,
        async (round, pending) => {
          if (pending === 'busy') throw new Error('busy');
          pieces.push(pending.complete);
          found.push(...pending.rows.map(({ key }) => String(key)));
          round.done(0, EPOCH, [{ clock: piece, ids: pending.rows.map(({ id }) => id) }]);
        },
        { limit: 3 },
      );
    }
    expect(pieces).toEqual([false, false, false, true]);
    // The first was passed by the first piece; the other lies ahead of it.
    const rows = ['row 0', 'row 1', 'row 2', 'first', 'row 3', 'row 4', 'row 5', 'row 6', 'early', 'row 7'];
    expect(found).toEqual(rows);
  });

  test('is all of a large transaction that was open when others were done, in pieces', async () => {
    const large = await outbox.transaction(...Array.from({ length: 8 }, (_, n) => `large ${n}`));
    await put('small');
    expect(await relay.relay(query)).toEqual(['small']);
    await large.query('COMMIT');
    await put('next');
    const found: string[] = [];
    for (let piece = 0; piece < 4; piece++) found.push(...(await relay.relay(query, { limit: 3 })));
    expect(found).toEqual([...Array.from({ length: 8 }, (_, n) => `large ${n}`), 'next']);
    expect(await relay.relay(query, { limit: 3 })).toEqual([]);
  });

  test('is what a round did not mark, was undone, or was begun by a process that failed', async () => {
    await put('a');
    await put('b');
    await relay.round(query);
    const failure = relay.round(query, async (round, pending) => {
      if (pending !== 'busy') round.done(0, EPOCH, [{ clock: 1, ids: pending.rows.map(({ id }) => id) }]);
      throw new Error('the relay stumbles');
    });
    expect((await failureOf(failure)).message).toBe('the relay stumbles');
    await relay.round(query, async (round, pending) => {
      if (pending !== 'busy') round.done(0, EPOCH, [{ clock: 1, ids: pending.rows.slice(0, 1).map(({ id }) => id) }]);
    });
    expect(await relay.relay(query)).toEqual(['b']);
  });

  test('is in one snapshot that is opened when it is asked for, not when the round begins', async () => {
    await relay.outbox.round(5_000, async (round) => {
      await put('a');
      const pending = await round.pending(0, query, 10);
      expect(pending).toMatchObject({ rows: [{ key: 'a', tags: ['all'] }], complete: true });
    });
  });

  test('is asked of everything again by a new relay, in a new epoch, in another partition', async () => {
    await put('a');
    expect(await relay.relay(query)).toEqual(['a']);
    expect(await outbox.relay().relay(query)).toEqual([]);
    expect(await relay.relay(since('epoch-2'))).toEqual(['a']);
    expect(await relay.relay(since('epoch-2'), { partition: 1 })).toEqual(['a']);
    expect(await relay.relay(query)).toEqual([]);
  });
});

describe('a watermark', () => {
  /** A row that says an old transaction's xid: behind a watermark nobody looks for it. */
  const insertBehind = (key: string) =>
    outbox.database.sql(`INSERT INTO outbox (key, tags, xid) VALUES ($1, '{}', '3')`, [key]);

  test('is kept from round to round, on the same connection', async () => {
    await put('a');
    await relay.relay(query);
    await insertBehind('behind');
    expect(await relay.relay(query)).toEqual([]);
  });

  test('is forgotten with the connection, as another server may give out the same xids again', async () => {
    await put('a');
    await relay.relay(query);
    await insertBehind('behind');
    await outbox.database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relay'`,
    );
    await expect.poll(() => relay.relay(query).catch(() => 'not there')).toEqual(['behind']);
  });

  test('finds the rows of a transaction that was given the xid of one which a crash has swallowed', async () => {
    await outbox.database.sql(`ALTER SYSTEM SET wal_writer_delay = '10s'`);
    await outbox.database.sql('SELECT pg_reload_conf()');
    await put('a');
    // Nothing of that transaction has to be on disk. Postgres may have written it there all the same, with something of
    // its own at that moment: then no xid comes twice, and there is nothing to see.
    let isTwice = false;
    for (let crash = 0; crash < 5 && !isTwice; crash++) isTwice = await crashSwallowsXid(`row ${crash}`);
    expect(isTwice).toBe(true);
    await outbox.database.sql('ALTER SYSTEM RESET wal_writer_delay');
  });
});

/** Whether the xid that the crash swallowed was given to the row written after it; that row is found in any case. */
async function crashSwallowsXid(key: string): Promise<boolean> {
  const writer = await outbox.connect();
  await writer.query('BEGIN');
  const { rows: swallowed } = await writer.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
  await writer.query('ROLLBACK');
  await relay.relay(query);
  await relay.relay(query);
  await outbox.database.server.restart({ kill: true });
  const [given] = await outbox.database.sql(
    `INSERT INTO outbox (key, tags) VALUES ('${key}', '{}') RETURNING xid::text`,
  );
  // The first connection may be one whose end has not been noticed.
  await expect.poll(() => relay.relay(query).catch(() => [])).toContain(key);
  return BigInt(given?.xid as string) <= BigInt(swallowed[0]?.xid ?? 0);
}

describe('two relays', () => {
  test('do not work at the same time in one partition; in others, and other namespaces, they may', async () => {
    await put('a');
    const other = outbox.relay();
    const stranger = outbox.relay('another');
    await relay.round(query, async (_, pending) => {
      expect(pending).not.toBe('busy');
      await other.round(query, async (_, busy) => expect(busy).toBe('busy'));
      await other.round(query, async (_, free) => expect(free).not.toBe('busy'), { partition: 1 });
      await stranger.round(query, async (_, free) => expect(free).not.toBe('busy'));
    });
    expect(await other.relay(query)).toEqual(['a']);
  });

  test('one that is paused keeps the other off for the limit of its round, and its marks come to nothing', async () => {
    await put('a');
    const other = outbox.relay();
    const [looked, resumed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const paused = relay.round(
      query,
      async (round, pending) => {
        looked.resolve();
        await resumed.promise;
        if (pending !== 'busy') round.done(0, EPOCH, [{ clock: 1, ids: pending.rows.map(({ id }) => id) }]);
      },
      // Long enough to look: a machine that stands still for as long would leave nothing to wait for.
      { limitMs: 1_500 },
    );
    const failed = failureOf(paused);
    await looked.promise;
    await expect.poll(() => other.relay(query).catch(() => 'busy'), { interval: 20 }).toEqual(['a']);
    resumed.resolve();
    expect(await failed).toMatchObject({ code: 'E_ORIGIN_UNAVAILABLE' });
    expect(await relay.relay(query)).toEqual([]);
  });

  test('that both have the same rows agree on the first mark, and neither fails', async () => {
    await put('a');
    const other = outbox.relay('another');
    await relay.round(query, async (round, pending) => {
      if (pending === 'busy') throw new Error('busy');
      const ids = pending.rows.map(({ id }) => id);
      await other.relay(query, { clock: 7 });
      expect(await round.undone(0, EPOCH, ids)).toEqual([]);
      round.done(0, EPOCH, [{ clock: 9, ids }]);
    });
    expect(await outbox.database.sql('SELECT clock FROM outbox_done')).toEqual([{ clock: '7' }]);
  });

  test('one leaves out what the other, or a writer, has done while it paused, and goes on behind it', async () => {
    const row = await put('a');
    await put('b');
    await relay.round(query, async (round, pending) => {
      if (pending === 'busy') throw new Error('busy');
      await outbox.database.sql(`INSERT INTO outbox_done VALUES ($1, 0, $2, 5)`, [row.id, EPOCH]);
      const undone = await round.undone(
        0,
        EPOCH,
        pending.rows.map(({ id }) => id),
      );
      expect(undone).toHaveLength(1);
      round.done(0, EPOCH, [{ clock: 6, ids: undone }]);
    });
    relay.sent.length = 0;
    expect(await relay.relay(query)).toEqual([]);
    expect(relay.sent).toHaveLength(1);
  });

  test('rows that were purged while a round had them do not fail it', async () => {
    await put('a');
    await put('b');
    await relay.round(query, async (round, pending) => {
      if (pending === 'busy') throw new Error('busy');
      await outbox.database.sql(`DELETE FROM outbox WHERE key = 'a'`);
      round.done(0, EPOCH, [{ clock: 1, ids: pending.rows.map(({ id }) => id) }]);
    });
    expect(await outbox.database.sql('SELECT count(*)::int AS count FROM outbox_done')).toEqual([{ count: 1 }]);
  });
});

describe('one round in several partitions', () => {
  test('keeps what each has marked, and what each has left', async () => {
    await put('a');
    await relay.outbox.round(5_000, async (round) => {
      const found = await Promise.all([2, 0, 1].map((partition) => round.pending(partition, query, 10)));
      for (const pending of found) expect(pending).toMatchObject({ rows: [{ key: 'a' }], complete: true });
      const ids = found.flatMap((pending) => (pending === 'busy' ? [] : pending.rows)).map(({ id }) => id);
      round.done(2, EPOCH, [{ clock: 5, ids: ids.slice(0, 1) }]);
      round.done(0, EPOCH, [{ clock: 3, ids: ids.slice(0, 1) }]);
    });
    expect(await outbox.database.sql('SELECT partition, clock FROM outbox_done ORDER BY partition')).toEqual([
      { partition: 0, clock: '3' },
      { partition: 2, clock: '5' },
    ]);
    for (const [partition, keys] of [
      [0, []],
      [1, ['a']],
      [2, []],
    ] as const) {
      expect(await relay.relay(query, { partition })).toEqual(keys);
    }
  });

  test('and writers that mark the same rows never wait for each other in a circle', async () => {
    const partitions = [0, 1, 2, 3];
    for (let n = 0; n < 10; n++) {
      const { rows } = await client.query<{ id: string; xid: string }>(
        `INSERT INTO outbox (key, tags) SELECT 'a', '{}' FROM generate_series(1, 100) RETURNING id, xid`,
      );
      const mark = { transaction: rows[0]?.xid as string, epoch: `epoch ${n}`, clock: 1, keys: ['a'], tags: [] };
      const ids = rows.map(({ id }) => id);
      await Promise.all([
        relay.outbox.doneBy(partitions.map((partition) => ({ ...mark, partition }))),
        outbox.relay().outbox.round(5_000, async (round) => {
          for (const partition of partitions.toReversed()) round.done(partition, mark.epoch, [{ clock: 2, ids }]);
        }),
        outbox.relay('another').outbox.doneBy(partitions.toReversed().map((partition) => ({ ...mark, partition }))),
      ]);
    }
    expect(await outbox.database.sql('SELECT count(*)::int AS count FROM outbox_done')).toEqual([
      { count: 10 * 100 * 4 },
    ]);
  });
});
