/** The console on a running cluster: what it shows is there, and what it is told to do happens. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../../../packages/cluster/test/sql.ts';
import type { Invalidation, Snapshot } from '../src/shared/state.ts';
import { type Shown, showCluster } from './local-cluster.ts';
import { PageClient } from './page-client.ts';

let shown: Shown;
let page: PageClient;

beforeAll(async () => {
  shown = await showCluster();
  page = new PageClient(shown.console.url, shown.console.token);
});

afterAll(() => shown?.close());

/** Waits for a picture that is so, and returns it. */
async function picture(isSo: (snapshot: Snapshot) => unknown): Promise<Snapshot> {
  let seen = await page.snapshot();
  await expect
    .poll(
      async () => {
        seen = await page.snapshot();
        return Boolean(isSo(seen));
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBe(true);
  return seen;
}

/** What is answered with 200: a replica may refuse or shed for a moment, as one that has just stood still does. */
async function done(...order: Parameters<PageClient['order']>) {
  let answer = await page.order(...order);
  const again = async () => {
    if (answer.body?.status !== 200) answer = await page.order(...order);
    return answer.body?.status;
  };
  await expect.poll(again, { timeout: 60_000, interval: 100 }).toBe(200);
  return answer;
}

test('it finds the replicas, offers traffic, and judges it', async () => {
  const { members, verdict } = await picture(
    ({ verdict, members, series }) =>
      verdict.reads > 100 &&
      verdict.writes > 3 &&
      series.t.length > 1 &&
      members.every(({ state }) => state === 'ready'),
  );
  expect(members.map(({ name }) => name)).toEqual(['nginx', 'redis', 'postgres', 'api-1', 'api-2']);
  expect(verdict).toMatchObject({ outcome: 'held', boundMs: 1_000 });
});

test('the matrix shows what the origin has, also when plain SQL wrote it; every replica heard of it', async () => {
  const { postgres } = await shown.cluster.status();
  const [row] = (await sql(
    postgres.url ?? '',
    'UPDATE products SET stock = stock + 1 WHERE id = 9008 RETURNING version',
  )) as {
    version: string;
  }[];
  const written = Number(row?.version);
  const seen = await picture(
    (one) => (one.matrix.keys.find(({ key }) => key === 'product:9008')?.version ?? 0) >= written,
  );
  expect(Object.keys(seen.matrix.cells)).toEqual(['api-1', 'api-2']);
  const heard = ({ key, ticks }: Invalidation) =>
    key === 'product:9008' && Object.values(ticks).every((lag) => lag !== null);
  await picture((one) => one.invalidations.some(heard));
});

test('a price that is edited travels: a strong read of a replica has it at once', async () => {
  const edited = await done('POST', '/api/edit', { id: 9005, priceCents: 4_321 });
  expect(edited).toMatchObject({ status: 200, body: { status: 200, product: { priceCents: 4_321 } } });
  const read = await done('GET', '/api/product/9005?level=strong&replica=api-2');
  expect(read.body).toMatchObject({ status: 200, headers: { 'x-served-by': 'api-2' } });
  expect(read.body.product.version).toBeGreaterThanOrEqual(edited.body.product.version);
});

test('orders from elsewhere are refused', async () => {
  const { console: running } = shown;
  expect((await new PageClient(running.url, 'other').order('POST', '/api/traffic', { rps: 0 })).status).toBe(403);
  const foreign = await page.order('POST', '/api/traffic', { rps: 0 }, { origin: 'http://evil.example' });
  expect(foreign.status).toBe(403);
  expect((await page.snapshot()).traffic.rps).toBe(120);
});

test('a fault is shown, is the only one of its kind there, ends by itself, and can be undone', async () => {
  const silent = { kind: 'blackhole-bus', target: 'api-2', holdMs: 60_000 };
  const begun = await page.order('POST', '/api/faults', silent);
  expect(begun.status).toBe(200);
  const { members, faults } = await page.snapshot();
  expect(faults).toMatchObject([{ kind: 'blackhole-bus', target: 'api-2' }]);
  expect(members.find(({ name }) => name === 'api-2')?.faults).toEqual([begun.body.id]);
  expect((await page.order('POST', '/api/faults', { ...silent, kind: 'cut-bus' })).status).toBe(409);
  expect((await page.order('DELETE', `/api/faults/${begun.body.id}`)).status).toBe(204);
  expect((await page.order('POST', '/api/faults', { ...silent, kind: 'cut-bus', holdMs: 300 })).status).toBe(200);
  await picture((one) => one.faults.length === 0);
  expect((await page.order('POST', '/api/faults', { kind: 'pause', target: 'nobody' })).status).toBe(400);
});

test('guarded replicas hold while Redis is emptied and its subscribers are dropped', async () => {
  for (const kind of ['kill-subscribers', 'flushall']) {
    expect((await page.order('POST', '/api/faults', { kind, target: 'redis' })).status).toBe(200);
  }
  const { reads } = shown.console.verdict();
  const says = ({ log }: Snapshot, what: string) => log.some(({ kind }) => kind === what);
  await picture((one) => one.verdict.reads > reads + 300 && says(one, 'epoch') && says(one, 'flush'));
  expect(shown.console.verdict().levels).toMatchObject({
    bounded: { violations: 0 },
    session: { violations: 0 },
    strong: { violations: 0 },
  });
});

test('while the replicas are restarted one after the other, nginx always has somebody to turn to', async () => {
  const begun = await page.order('POST', '/api/faults', { kind: 'rolling-restart', target: 'replicas' });
  expect(begun.status).toBe(200);
  const troubles = new Set<string>();
  let isOver = false;
  const over = expect
    .poll(async () => (await page.snapshot()).faults, { timeout: 250_000 })
    .toEqual([])
    .finally(() => {
      isOver = true;
    });
  const look = async () => {
    const answer = await fetch(`${shown.cluster.url}/products/77`);
    const body = await answer.text();
    // A replica may shed for a moment, as anywhere; what no replica has answered is nginx' own word.
    if (answer.headers.get('x-served-by') === null) troubles.add(`${answer.status}: ${body}`);
  };
  // Often enough for a moment without anybody, which lasts a second; as often as can be, it would keep what starts from the
  // processor.
  const looked = async () => {
    await look().catch((error: unknown) => troubles.add(String(error)));
    return isOver;
  };
  await expect.poll(looked, { timeout: 260_000, interval: 10 }).toBe(true);
  await over;
  expect([...troubles]).toEqual([]);
  expect((await page.snapshot()).log.filter(({ kind }) => kind === 'trouble')).toEqual([]);
});

test('a canary whose value in Redis was replaced by an old one is noticed, and right again', async () => {
  expect(await shown.console.tryCanary()).toBe(true);
  expect(shown.console.verdict().canary.noticed).toBe(true);
  const { postgres } = await shown.cluster.status();
  /** How many versions each replica is behind the origin. */
  const behind = async () => {
    const answers = await Promise.all(
      ['api-1', 'api-2'].map((replica) => page.order('GET', `/api/product/9999?replica=${replica}`)),
    );
    const [row] = (await sql(postgres.url, 'SELECT version FROM products WHERE id = 9999')) as { version: string }[];
    return answers.map(({ body }) => Number(row?.version) - body.product.version);
  };
  // A write has put it right; a replica may answer out of L1 until it has heard of that.
  await expect.poll(behind).toEqual([0, 0]);
  expect(shown.console.verdict().levels.bounded.violations).toBe(0);
});
