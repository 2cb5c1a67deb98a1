/** Every scenario, played on a running cluster: each shows what its file says, on the textbook cache and on the guarded one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCENARIOS } from '../src/scenarios/index.ts';
import { type Shown, showCluster } from './local-cluster.ts';
import { PageClient } from './page-client.ts';

/** Replicas are restarted twice in each, which takes as long as the machine is busy. */
const PLAYED_MS = 400_000;

let shown: Shown;
let page: PageClient;

beforeAll(async () => {
  shown = await showCluster({ rps: 60 });
  page = new PageClient(shown.console.url, shown.console.token);
});

afterAll(() => shown?.close());

// The tour has a test of its own.
for (const { name, shows } of SCENARIOS.filter(({ name }) => name !== 'tour')) {
  test(`${name}: naive ${shows.naive}, guarded ${shows.guarded}`, { timeout: PLAYED_MS + 80_000 }, async () => {
    expect((await page.order('POST', '/api/scenario', { name })).status).toBe(204);
    await expect.poll(() => shown.console.scenario()?.done, { timeout: PLAYED_MS }).toBe(true);
    const played = shown.console.scenario();
    expect(played).toMatchObject({ name, phase: 'done', shown: true });
    for (const protocol of ['naive', 'guarded'] as const) {
      const outcome = shows[protocol] === 'any' ? /^(held|violated)/ : new RegExp(`^${shows[protocol]}`);
      expect(played?.result[protocol]).toMatch(outcome);
    }
    await expect.poll(async () => (await page.snapshot()).faults, { timeout: 60_000 }).toEqual([]);
    expect((await shown.cluster.status()).replicas).toHaveLength(2);
  });
}
