/**
 * A write is seen by every replica within S although the bus of one of them is cut, silent without being closed, or
 * late: the beat pulls what was not pushed. Each fault lies on the link between api-2's subscription and Redis.
 *
 * Control: the textbook cache behind the same fault still serves the old version when S has passed.
 */
import { type Cluster, type Fault, startCluster } from '@lockstep/cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, header, versionOf } from '../lib/client.ts';
import { report } from '../lib/internals.ts';
import { warmRead } from '../lib/warm-read.ts';

const BOUND_MS = 1_000;
const FAULTS: readonly (readonly [string, Fault])[] = [
  ['cut', { kind: 'down' }],
  ['silent, as a half-open connection is', { kind: 'blackhole' }],
  ['five seconds late', { kind: 'latency', ms: 5_000 }],
];

interface Seen {
  readonly before: number | null;
  readonly written: number | null;
  /** What api-2 serves from its L1 once S has passed since the write was acknowledged. */
  readonly after: number | null;
  readonly tier: string | undefined;
}

/** Warms api-2, puts the fault before its subscription, writes through api-1, waits for S, reads through api-2. */
async function writeBehind(cluster: Cluster, fault: Fault, id: number): Promise<Seen> {
  const [first, second] = (await cluster.status()).replicas;
  const read = () => ask(`${second?.url}/products/${id}`);
  const before = await warmRead(`${second?.url}/products/${id}`);
  const link = cluster.link('api-2', 'bus');
  await link.fail(fault);
  try {
    const written = await ask(`${first?.url}/products/${id}`, { method: 'PATCH', json: { stock: 1 } });
    expect(written.status).toBe(200);
    const acknowledged = performance.now();
    // Read all the while: what has been seen once may be in L1, and must not be renewed by being read.
    let after = await read();
    while (performance.now() - acknowledged <= BOUND_MS) after = await read();
    after = await read();
    return {
      before: versionOf(before),
      written: versionOf(written),
      after: versionOf(after),
      tier: header(after, 'x-cache'),
    };
  } finally {
    await link.heal();
  }
}

describe('guarded', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ links: true, stalenessMs: BOUND_MS, env: { LOG_LEVEL: 'warn' } });
  });
  afterAll(() => cluster.stop());

  test.each(FAULTS)('the bus is %s: the new version after S', async (_what, fault) => {
    const id = 100 + FAULTS.findIndex(([, other]) => other === fault);
    const seen = await writeBehind(cluster, fault, id);
    expect(seen.written).toBe((seen.before ?? 0) + 1);
    expect(seen.after).toBe(seen.written);
  });

  test('the command link is cut as well: L1 is parked instead of serving, reads go on', async () => {
    const [first, second] = (await cluster.status()).replicas;
    await ask(`${second?.url}/products/200`);
    const links = (['bus', 'command'] as const).map((role) => cluster.link('api-2', role));
    await Promise.all(links.map((link) => link.fail({ kind: 'down' })));
    await expect.poll(async () => (await report(second?.internal ?? null)).state).toBe('parked');
    const written = await ask(`${first?.url}/products/200`, { method: 'PATCH', json: { stock: 2 } });
    const read = await ask(`${second?.url}/products/200`);
    expect(read.status).toBe(200);
    expect(header(read, 'x-cache')).toBe('BYPASS');
    expect(versionOf(read)).toBe(versionOf(written));
    const refused = await ask(`${second?.url}/products/200`, { method: 'PATCH', json: { stock: 3 } });
    expect(refused.status).toBe(503);
    expect(refused.body).toContain('"cache_unreachable"');
    await Promise.all(links.map((link) => link.heal()));
    await expect.poll(async () => (await report(second?.internal ?? null)).state).toBe('ready');
    expect(versionOf(await ask(`${second?.url}/products/200`))).toBe(versionOf(written));
  });
});

describe('control, textbook', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ links: true, protocol: 'naive', env: { LOG_LEVEL: 'warn' } });
  });
  afterAll(() => cluster.stop());

  test.each(FAULTS)('the bus is %s: still the old version after S', async (_what, fault) => {
    const id = 100 + FAULTS.findIndex(([, other]) => other === fault);
    const seen = await writeBehind(cluster, fault, id);
    expect(seen).toMatchObject({ tier: 'L1', after: seen.before });
  });
});
