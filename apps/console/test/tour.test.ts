/** The tour, played on a running cluster: the same silence violates on the textbook cache, and holds on the guarded one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Shown, showCluster } from './local-cluster.ts';
import { PageClient } from './page-client.ts';

let shown: Shown;

beforeAll(async () => {
  shown = await showCluster({ rps: 60 });
});

afterAll(() => shown?.close());

test('ends with naive violated and guarded held', { timeout: 420_000 }, async () => {
  const page = new PageClient(shown.console.url, shown.console.token);
  expect((await page.order('POST', '/api/scenario', { name: 'tour' })).status).toBe(204);
  expect((await page.order('POST', '/api/scenario', { name: 'tour' })).status).toBe(409);
  // Every replica is restarted twice meanwhile, which takes as long as the machine is busy.
  await expect.poll(() => shown.console.scenario()?.done, { timeout: 400_000 }).toBe(true);
  expect(shown.console.scenario()?.result.naive).toMatch(/^violated/);
  expect(shown.console.scenario()).toMatchObject({ step: 8, of: 8, shown: true });
  expect(shown.console.scenario()?.result.guarded).toMatch(/^held/);
  expect((await shown.cluster.status()).settings.protocol).toBe('guarded');
  expect((await page.snapshot()).faults).toEqual([]);
});
