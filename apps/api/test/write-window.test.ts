/**
 * A write that waits so long for a connection that its mark no longer covers the commit is begun anew under another mark,
 * instead of failing. Twelve writers hold every connection of the replica, as the row that they want is locked; the
 * thirteenth, of another row, gets one only when its window has closed.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask } from './ask.ts';
import { openTestReplica, PATIENT, type TestReplica } from './replicas.ts';
import { type Servers, startServers, WAIT } from './servers.ts';

/** Transactions that a replica may have at a time. */
const CONNECTIONS = 12;
/** Mark (3 s) less commit limit (2 s): after this a transaction may not begin any more. */
const WINDOW_MS = 1_000;
/** How long a replica waits for a connection. */
const CONNECT_MS = 2_000;
const WAITING =
  "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE'";

let servers: Servers;
let replica: TestReplica;

beforeAll(async () => {
  servers = await startServers();
  // Redis is given up after S: a write that is refused for that is none whose window has closed.
  replica = await openTestReplica(servers, 'api-1', PATIENT);
});

afterAll(async () => {
  await replica?.drain();
  await servers?.stop();
});

/**
 * Twelve writers that wait for a row, each on a connection. Tried again where they did not all come there within the two
 * seconds that a transaction has: the connections are open then.
 */
async function everyConnectionHeld(): Promise<{ release: () => Promise<void>; holders: Promise<unknown>[] }> {
  for (;;) {
    const release = await servers.hold('SELECT 1 FROM products WHERE id = 600 FOR UPDATE');
    let ended = false;
    const holders = Array.from({ length: CONNECTIONS }, async (_, at) => {
      await patch(600, at);
      ended = true;
    });
    const waiting = async () => ended || (await servers.sql(WAITING))[0]?.n === CONNECTIONS;
    await vi.waitFor(async () => expect(await waiting()).toBe(true), WAIT);
    if (!ended) return { release, holders };
    await release();
    await Promise.all(holders);
  }
}

const patch = (id: number, stock: number) => ask(`${replica.url}/products/${id}`, { method: 'PATCH', body: { stock } });

test('a write whose window has closed is tried again, and applied once', async () => {
  for (;;) {
    const { release, holders } = await everyConnectionHeld();
    const since = performance.now();
    const late = patch(601, 9);
    await vi.waitFor(() => expect(performance.now() - since).toBeGreaterThan(WINDOW_MS + 100), WAIT);
    await release();
    const answer = await late;
    const tookMs = performance.now() - since;
    await Promise.all(holders);
    // The machine was too slow for it, and the write was refused for want of a connection.
    if (tookMs > CONNECT_MS && answer.json.code === 'origin_unavailable') continue;
    expect([answer.status, answer.json.stock, answer.json.version]).toEqual([200, 9, 2]);
    return;
  }
});
