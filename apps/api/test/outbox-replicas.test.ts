/** Replicas with their relays, on a real Redis and Postgres: what SQL writes they hear of, and what they leave alone. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ask } from './ask.ts';
import { openTestReplica, quarantineOver, type TestReplica } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

const ENV = { CACHE_STALENESS_MS: '1000' };

let servers: Servers;
let replicas: TestReplica[];

beforeAll(async () => {
  servers = await startServers();
});

afterAll(() => servers?.stop());

beforeEach(async () => {
  replicas = await Promise.all(['one', 'two'].map((name) => openTestReplica(servers, name, ENV)));
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
  expect(await counter('relayed')).toBe(1);
  expect(await undone()).toEqual([]);
});

test('what replicas write they mark themselves, and no relay invalidates it again', async () => {
  for (let n = 0; n < 20; n++) {
    const { status } = await ask(`${replicas[n % 2]?.url}/products/${100 + n}/purchase`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ quantity: 1 }),
    });
    expect(status).toBe(200);
  }
  await vi.waitFor(async () => expect(await undone()).toEqual([]), WAIT);
  const rounds = await counter('relayRounds');
  await vi.waitFor(async () => expect(await counter('relayRounds')).toBeGreaterThan(rounds + 4), WAIT);
  // One whose mark came in just after a round has looked and paused is invalidated twice.
  expect(await counter('relayed')).toBeLessThanOrEqual(1);
});

test('after a loss everything that is still in the outbox is invalidated again, once', async () => {
  await servers.sql('UPDATE products SET stock = stock + 1 WHERE id <= 300');
  await vi.waitFor(async () => expect(await undone()).toEqual([]), WAIT);
  const relayed = await counter('relayed');
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
  expect(await counter('relayed')).toBe(relayed + rows);
});
