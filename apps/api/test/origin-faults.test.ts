/**
 * The origin when Postgres is locked, gone, silent or restarted: what is answered, that nobody is left hanging, and that
 * a write is called aborted only when it was, unknown only after COMMIT.
 */
import { CommitAborted } from '@lockstep/cache';
import type { Link } from '@lockstep/cluster';
import { startLink } from '@lockstep/cluster/servers';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Connections } from '../src/origin/connections.ts';
import { OriginUnavailable, type WriteOrder } from '../src/origin/origin.ts';
import { PostgresOrigin } from '../src/origin/postgres.ts';
import { inTransaction } from '../src/origin/transaction.ts';
import { everyConnectionOpen, WRITERS } from './origin-client.ts';
import { failureOf, fieldsOf, TestDatabase, windowOf } from './origin-database.ts';

/**
 * The limits here, ms: short, as several tests wait for them, and long enough for a new connection, or all statements of a
 * write before its COMMIT, on a busy machine.
 */
const LOAD_MS = 2_000;
/** Where the answer of a statement that Postgres ends must arrive in the tenth of the limit that is left, ms. */
const LONG_LOAD_MS = 8_000;
const COMMIT_MS = 1_500;
/** Of loads and writes that are ended by something else, ms. */
const LONG_MS = 20_000;
/** What the origin promises at most beyond a limit, and what a busy machine adds to it, ms. */
const GRACE_MS = 3_000;

let database: TestDatabase;
let link: Link;
let origin: PostgresOrigin;
let id: number;

beforeAll(async () => {
  database = await TestDatabase.start();
  await database.migrate();
  link = await startLink(database.url);
  // Lets a test hold up COMMIT, or make it fail: what runs last in a transaction.
  await database.sql(`CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(1);
      IF NEW.name = 'refused' THEN RAISE EXCEPTION 'not at COMMIT'; END IF;
      RETURN NULL;
    END $$`);
  await database.sql(`CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON products
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()`);
});

afterAll(async () => {
  await link?.close();
  await database?.stop();
});

beforeEach(async () => {
  const options = { loads: 2, loadLimitMs: LOAD_MS, applicationName: 'faults' };
  origin = new PostgresOrigin({ connectionString: link.url, ...options });
  id = await origin.nextId();
  await origin.write({ kind: 'create', id, fields: fieldsOf() }, null, windowOf());
});

afterEach(async () => {
  await link.heal();
  await origin.close();
});

const patience = () => AbortSignal.timeout(60_000);
const patch = (name = 'Patched'): WriteOrder => ({ kind: 'patch', id, fields: { name }, condition: null });

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const since = performance.now();
  const result = await work;
  return { result, ms: performance.now() - since };
}

/** Runs the work while a transaction elsewhere holds what `sql` locks. */
async function whileHeld(sql: string, work: (holder: Client) => Promise<void>): Promise<void> {
  await database.as(async (holder) => {
    await holder.query(`BEGIN; ${sql}`);
    await work(holder);
    // Fails where the work has ended its connection too.
    await holder.query('ROLLBACK').catch(() => undefined);
  });
}

const LOCKED = 'LOCK TABLE products IN ACCESS EXCLUSIVE MODE';
const COMMIT_HELD = 'SELECT pg_advisory_xact_lock(1)';

async function versionNow(): Promise<unknown> {
  const [row] = await database.sql('SELECT version::int AS version FROM products WHERE id = $1', [id]);
  return row?.version;
}

/** Another origin in the place of the first. */
async function reopen(applicationName: string, loadLimitMs: number): Promise<void> {
  await origin.close();
  origin = new PostgresOrigin({ connectionString: link.url, loads: 2, loadLimitMs, applicationName });
}

async function expectHealthy(): Promise<void> {
  expect(await origin.product(id, patience())).toMatchObject({ found: true });
  expect(await origin.write({ kind: 'purchase', id, quantity: 1 }, null, windowOf())).toMatchObject({ is: 'updated' });
}

describe('a locked table', () => {
  test('ends loads at their limit, however many, and no connection is lost by it', async () => {
    await reopen('patient', LONG_LOAD_MS);
    const loads = () => [
      origin.product(id, patience()),
      origin.list({ category: null, limit: 1, after: 0 }, patience()),
      origin.nextId(),
    ];
    const connected = () =>
      database.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'patient' ORDER BY pid");
    await Promise.all(loads());
    const before = await connected();
    expect(before).toHaveLength(3);
    await whileHeld(LOCKED, async () => {
      const { result, ms } = await timed(Promise.all(loads().map(failureOf)));
      for (const failure of result) expect(failure).toBeInstanceOf(OriginUnavailable);
      expect(ms).toBeLessThan(LONG_LOAD_MS + GRACE_MS);
    });
    expect(await connected()).toEqual(before);
    await expectHealthy();
  });

  test('does not keep a load that nobody wants any more', async () => {
    // Its limit must not come first, however long it takes to see that it waits.
    await reopen('unwanted', LONG_MS);
    await whileHeld(LOCKED, async () => {
      for (let round = 0; round < 10; round++) {
        const abort = new AbortController();
        const failure = failureOf(origin.product(id, abort.signal));
        await expect.poll(() => database.waiting(1), { interval: 5 }).toBe(true);
        abort.abort(new Error('nobody waits'));
        expect(await failure).toMatchObject({ code: 'E_ORIGIN_UNAVAILABLE', cause: { message: 'nobody waits' } });
        // The server notices only when the statement ends.
        await database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        await expect.poll(() => database.waiting(0), { interval: 5 }).toBe(true);
      }
    });
    const aborted = origin.product(id, AbortSignal.abort(new Error('before it began')));
    expect(await failureOf(aborted)).toMatchObject({ cause: { message: 'before it began' } });
    await expectHealthy();
  });

  test('ends a write at the limit, and nothing of it is left, also when the lock goes', async () => {
    await whileHeld(LOCKED, async () => {
      const idempotency = { key: 'locked', fingerprint: 'f' };
      const { result, ms } = await timed(failureOf(origin.write(patch(), idempotency, windowOf(COMMIT_MS))));
      expect(result).toBeInstanceOf(CommitAborted);
      expect(result.cause).toMatchObject({ code: 'E_ORIGIN_UNAVAILABLE', cause: { code: '25P04' } });
      expect(ms).toBeLessThan(COMMIT_MS + GRACE_MS);
      await expect.poll(() => database.waiting(0)).toBe(true);
    });
    expect(await versionNow()).toBe(1);
    expect(await database.sql("SELECT FROM idempotency WHERE key = 'locked'")).toEqual([]);
    await expectHealthy();
  });

  test('does not keep readers out by the writers that wait for it', async () => {
    await everyConnectionOpen(origin, database, { applicationName: 'faults', id, loads: 1 });
    await whileHeld(`SELECT FROM products WHERE id = ${id} FOR UPDATE`, async () => {
      const writes = Array.from({ length: WRITERS }, () => failureOf(origin.write(patch(), null, windowOf(LONG_MS))));
      await expect.poll(() => database.waiting(WRITERS)).toBe(true);
      expect(await origin.product(id, patience())).toMatchObject({ found: true });
      await database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      for (const failure of await Promise.all(writes)) {
        expect(failure).toBeInstanceOf(CommitAborted);
        expect(failure.cause).toBeInstanceOf(OriginUnavailable);
      }
    });
    await expectHealthy();
  });
});

describe('a Postgres that cannot be reached', () => {
  test.each([{ kind: 'down' }, { kind: 'blackhole' }] as const)(
    '$kind: loads and writes fail in time, and come back',
    async (fault) => {
      await origin.product(id, patience());
      await link.fail(fault);
      for (let round = 0; round < 2; round++) {
        const { result, ms } = await timed(failureOf(origin.product(id, patience())));
        expect(result).toBeInstanceOf(OriginUnavailable);
        expect(ms).toBeLessThan(LOAD_MS + GRACE_MS);
        const write = await timed(failureOf(origin.write(patch(), null, windowOf(COMMIT_MS))));
        expect(write.result).toBeInstanceOf(CommitAborted);
        expect(write.result.cause).toBeInstanceOf(OriginUnavailable);
        expect(write.ms).toBeLessThan(COMMIT_MS + GRACE_MS);
      }
      await link.heal();
      await expectHealthy();
      expect(await versionNow()).toBe(2);
    },
  );

  test('a load on a connection that went silent ends with its signal', async () => {
    await origin.product(id, patience());
    await link.fail({ kind: 'blackhole' });
    const failure = await failureOf(origin.product(id, AbortSignal.timeout(50)));
    expect(failure).toMatchObject({ code: 'E_ORIGIN_UNAVAILABLE', cause: { name: 'TimeoutError' } });
  });

  test('closing does not wait for connections that went silent', async () => {
    await origin.product(id, patience());
    await link.fail({ kind: 'blackhole' });
    const { ms } = await timed(origin.close());
    expect(ms).toBeLessThan(1_000 + GRACE_MS);
    origin = new PostgresOrigin({
      connectionString: link.url,
      loads: 1,
      loadLimitMs: LOAD_MS,
      applicationName: 'next',
    });
  });

  test('a restart is survived, with and without a shutdown in good order', async () => {
    for (const kill of [false, true]) {
      await whileHeld(`SELECT FROM products WHERE id = ${id} FOR UPDATE`, async () => {
        const write = failureOf(origin.write(patch(), null, windowOf()));
        await expect.poll(() => database.waiting(1)).toBe(true);
        const restarted = database.server.restart({ kill, downMs: 300 });
        expect((await write).cause).toBeInstanceOf(OriginUnavailable);
        // Postgres ends its backends one after another: the other connection may be served for a moment longer.
        const reading = () => origin.product(id, patience()).catch((error: unknown) => error);
        await expect.poll(reading, { interval: 5 }).toBeInstanceOf(OriginUnavailable);
        await restarted;
      });
      await expectHealthy();
    }
    expect(await versionNow()).toBe(3);
  });
});

describe('COMMIT', () => {
  test('that fails is unknown, not aborted', async () => {
    const failure = await failureOf(origin.write(patch('refused'), null, windowOf()));
    expect(failure).not.toBeInstanceOf(CommitAborted);
    expect(failure.cause).toMatchObject({ message: 'not at COMMIT' });
    await expectHealthy();
  });

  test('that is not finished at the limit is ended by Postgres, and unknown', async () => {
    await whileHeld(COMMIT_HELD, async () => {
      const { result, ms } = await timed(failureOf(origin.write(patch(), null, windowOf(COMMIT_MS))));
      expect(result).not.toBeInstanceOf(CommitAborted);
      expect(result).toMatchObject({ cause: { code: 'E_ORIGIN_UNAVAILABLE' } });
      expect(ms).toBeLessThan(COMMIT_MS + GRACE_MS);
    });
    expect(await versionNow()).toBe(1);
    await expectHealthy();
  });

  test('whose answer never comes is unknown within the limit, and may have been done', async () => {
    const idempotency = { key: 'silent', fingerprint: 'f' };
    await whileHeld(COMMIT_HELD, async (holder) => {
      const failing = timed(failureOf(origin.write(patch(), idempotency, windowOf(2 * COMMIT_MS))));
      await expect.poll(() => database.waiting(1)).toBe(true);
      await link.fail({ kind: 'blackhole' });
      await holder.query('ROLLBACK');
      const { result, ms } = await failing;
      expect(result).not.toBeInstanceOf(CommitAborted);
      expect(ms).toBeLessThan(2 * COMMIT_MS + GRACE_MS);
    });
    expect(await versionNow()).toBe(2);
    await link.heal();
    expect(await origin.write(patch(), idempotency, windowOf())).toMatchObject({
      is: 'updated',
      product: { version: 2 },
    });
    expect(await versionNow()).toBe(2);
  });
});

describe('a transaction on the only connection', () => {
  let connections: Connections;

  beforeEach(() => {
    const options = { applicationName: 'only', most: 1, connectMs: LONG_MS, statementMs: null };
    connections = new Connections({ connectionString: database.url, ...options });
  });

  afterEach(() => connections.close());

  const backend = () =>
    connections.use(LONG_MS, null, async (session) => (await session.query('SELECT pg_backend_pid() AS pid')).rows);

  test('whose COMMIT Postgres answers with ROLLBACK is aborted', async () => {
    const work = inTransaction(connections, windowOf(), async (session) => {
      await session.query('SELECT 1 / 0').catch(() => undefined);
    });
    expect(await failureOf(work)).toBeInstanceOf(CommitAborted);
    expect(await backend()).toHaveLength(1);
  });

  test('that Postgres refuses is rolled back, and the connection is kept', async () => {
    const before = await backend();
    const work = inTransaction(connections, windowOf(), (session) => session.query('SELECT 1 / 0'));
    expect((await failureOf(work)).cause).toMatchObject({ code: '22012' });
    expect(await backend()).toEqual(before);
  });
});
