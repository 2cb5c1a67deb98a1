/**
 * `node apps/console/test/pictures.ts`: takes the README's pictures of the page, in front of a real cluster: the same
 * silent connection on the textbook cache, in light colours, and on the guarded one, in dark ones.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import type { Protocol, Snapshot } from '../src/shared/state.ts';
import { showCluster } from './local-cluster.ts';
import { openBrowser, visit } from './page-browser.ts';
import { PageClient } from './page-client.ts';

const FOLDER = fileURLToPath(new URL('../../../docs/', import.meta.url));
const VICTIM = 'api-2';
const LIMIT_MS = 120_000;
const LOOK_MS = 100;
/** How long the fault lasts before the picture, so that the charts show it, ms. */
const SEEN_MS = 8_000;

async function until(page: PageClient, isSo: (snapshot: Snapshot) => boolean): Promise<void> {
  const since = performance.now();
  while (!isSo(await page.snapshot())) {
    if (performance.now() - since > LIMIT_MS)
      throw new Error(`what the picture needs did not come within ${LIMIT_MS} ms`);
    await pause(LOOK_MS);
  }
}

/** Three replicas that speak it, of which one hears nothing while prices change. */
async function silence(page: PageClient, protocol: Protocol): Promise<void> {
  await page.order('POST', '/api/protocol', { protocol });
  await until(
    page,
    ({ cluster, members }) =>
      cluster.protocol === protocol && !cluster.changing && members.every(({ state }) => state === 'ready'),
  );
  await until(page, ({ matrix }) => (matrix.cells[VICTIM] ?? []).every(({ state }) => state === 'fresh'));
  await page.order('POST', '/api/faults', { kind: 'blackhole-bus', target: VICTIM, holdMs: 120_000 });
  await pause(SEEN_MS);
  if (protocol === 'naive') {
    const isWrong = ({ matrix, verdict }: Snapshot) =>
      verdict.outcome === 'violated' &&
      (matrix.cells[VICTIM] ?? []).filter(({ state }) => state === 'stale').length > 2;
    await until(page, isWrong);
  }
}

async function take(browser: Browser, url: string, name: string, colorScheme: 'light' | 'dark'): Promise<void> {
  const { page } = await visit(browser, url, { colorScheme });
  await pause(1_000);
  writeFileSync(`${FOLDER}${name}.png`, await page.screenshot());
  await page.close();
}

const shown = await showCluster({ replicas: 3, rps: 120 });
const browser = await openBrowser();
try {
  const page = new PageClient(shown.console.url, shown.console.token);
  await silence(page, 'naive');
  await take(browser, shown.console.url, 'console-naive', 'light');
  for (const { id } of (await page.snapshot()).faults) await page.order('DELETE', `/api/faults/${id}`);
  await silence(page, 'guarded');
  await take(browser, shown.console.url, 'console-guarded', 'dark');
} finally {
  await browser.close();
  await shown.close();
}
// Explicitly: the cluster and the browser are gone, and nothing that somebody forgot may keep whoever takes pictures waiting.
process.exit();
