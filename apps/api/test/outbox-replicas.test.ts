/** Replicas with their relays, on a real Redis and Postgres: what SQL writes they hear of, and what they leave alone. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ask } from './ask.ts';
import { openTestReplica, PATIENT, quarantineOver, relaysAtRest, type TestReplica } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

let servers: Servers;
let replicas: TestReplica[];

beforeAll(async () => {
  servers = await startServers();
});

afterAll(() => servers?.stop());

beforeEach(async () => {
  // A round has half of S; one that Postgres ends in its middle, as it came too late, invalidates its rows twice.
  replicas = await Promise.all(['one', 'two'].map((name) => openTestReplica(servers, name, PATIENT)));
  for (const replica of replicas) await quarantineOver(replica);
});

afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.drain()));
});

const read = async ({ url }: TestReplica, path: string) => (await ask(`${url}${path}`)).json;

async function counter(name: string): Promise<number> {
  const statuses = await Promise.all(replicas.map(({ internal }) => ask(`${internal}/internal/status`)));
  return statuses.reduce((sum, { json }) => sum + json.counters[name], 0);
}

const undone = () =>
  servers.sql(`SELECT id FROM outbox WHERE NOT EXISTS (SELECT FROM outbox_done WHERE outbox_id = outbox.id)`);

/**
 * Exactly so many rows were relayed, and none of them again. A row is seen to be dropped, and to be marked, before the round
 * that did it has ended and counts it.
 */
async function expectRelayed(rows: number): Promise<void> {
  await vi.waitFor(async () => expect(await counter('relayed')).toBeGreaterThanOrEqual(rows), WAIT);
  await relaysAtRest(servers, ...replicas);
  expect(await counter('relayed')).toBe(rows);
}

test('what SQL writes is dropped everywhere, product and lists', async () => {
  for (const replica of [...replicas, ...replicas]) {
    await read(replica, '/products/7');
    await read(replica, '/products?limit=10');
  }
  await servers.sql('UPDATE products SET price_cents = 123456 WHERE id = 7');
  for (const replica of replicas) {
    await vi.waitFor(async () => {
      expect((await read(replica, '/products/7')).priceCents).toBe(123_456);
      expect(JSON.stringify(await read(replica, '/products?limit=10'))).toContain('123456');
    }, WAIT);
  }
  await expectRelayed(1);
});

test('what replicas write they mark themselves, and no relay invalidates it again', async () => {
  // Relays are busy until it is marked: the pause in which they wait for a writer may not do on a machine that is busy.
  const holder = await servers.hold("SELECT pg_advisory_xact_lock(hashtext('lockstep'), 0)");
  for (let n = 0; n < 20; n++) {
    const { status } = await ask(`${replicas[n % 2]?.url}/products/${100 + n}/purchase`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ quantity: 1 }),
    });
    expect(status).toBe(200);
  }
  await vi.waitFor(async () => expect(await undone()).toEqual([]), WAIT);
  await holder();
  await expectRelayed(0);
});

test('after a loss everything that is still in the outbox is invalidated again, once', async () => {
  await servers.sql('UPDATE products SET stock = stock + 1 WHERE id <= 100');
  await expectRelayed(100);
  const [before] = await servers.sql(
    'SELECT count(*)::int AS rows, count(DISTINCT epoch)::int AS epochs FROM outbox_done',
  );
  await servers.redis.restart({ loseData: true });
  const marks = `SELECT count(*)::int AS marks FROM outbox_done GROUP BY epoch ORDER BY min(done_at) DESC LIMIT 1`;
  const [{ rows }] = (await servers.sql('SELECT count(*)::int AS rows FROM outbox')) as [{ rows: number }];
  await vi.waitFor(async () => {
    expect(await servers.sql('SELECT count(DISTINCT epoch)::int AS epochs FROM outbox_done')).not.toEqual([
      { epochs: before?.epochs },
    ]);
    expect(await servers.sql(marks)).toEqual([{ marks: rows }]);
  }, WAIT);
  await expectRelayed(100 + rows);
});
