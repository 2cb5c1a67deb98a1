/** The page in front of a real cluster: what it shows of the same fault, guarded and then naive. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Shown, showCluster } from './local-cluster.ts';
import { hasBrowser, openBrowser, type Visit, visit } from './page-browser.ts';
import { PageClient } from './page-client.ts';

const WAIT = { timeout: 60_000 };
/** The replicas are restarted one after the other, which takes as long as the machine is busy. */
const SWITCHED = { timeout: 150_000 };
/** After a write that was refused another one is sent, ms. */
const AGAIN_MS = 250;
/** Longer than any of these tests: a bus that heals while one waits would tell what it waits to see missed. */
const HOLD_MS = 300_000;

describe.skipIf(!hasBrowser())('the page, before a real cluster', () => {
  let shown: Shown;
  let browser: Browser;
  let seen: Visit;

  beforeAll(async () => {
    // Customers only read: what one of them writes would be taken for what is done here, or put right what it is to show.
    shown = await showCluster({ replicas: 2, rps: 60, writesPercent: 0 });
    browser = await openBrowser();
    seen = await visit(browser, shown.console.url);
  });
  afterAll(async () => {
    await browser?.close();
    await shown?.close();
  });

  const texts = (selector: string) => seen.page.locator(selector).allInnerTexts();
  const count = (selector: string) => seen.page.locator(selector).count();
  const edit = async (cents: number) => {
    await seen.page.fill('#product-price', (cents / 100).toFixed(2));
    const replied = seen.page.waitForResponse((response) => new URL(response.url()).pathname === '/api/edit');
    await seen.page.click('#product-edit button');
    const reply = await replied;
    return reply.ok() && (await reply.json()).outcome === 'ok';
  };
  /** Changes the price until that is acknowledged: a write may be refused, as while Redis cannot be told of it. Its cents. */
  const change = async (from: number) => {
    let cents = from - 1;
    await expect.poll(() => edit(++cents), { ...WAIT, interval: AGAIN_MS }).toBe(true);
    return cents;
  };
  /** How the cell of product 9001 on api-2 looks. */
  const look = () => seen.page.locator('.matrix tr[data-key="product:9001"] td.held').nth(1).getAttribute('data-look');
  /** What came of a new price: it is there on both replicas, or one still has the old one, beyond the bound. */
  const outcome = async (cents: number) => {
    await change(cents);
    let what: 'travelled' | 'waits' | null = null;
    const now = async () => {
      if ((await count('.seen[data-look=seen]')) === 2) return 'travelled';
      const [waiting = ''] = await texts('.seen[data-look=waiting]');
      return /^… [\d.]+ s/.test(waiting) && (await look()) === 'stale' ? 'waits' : null;
    };
    const looked = async () => {
      what = await now();
      return what;
    };
    await expect.poll(looked, WAIT).not.toBe(null);
    return what;
  };
  /** Changes the price; both replicas have a newer version then, and it is this one. */
  const travels = async (from: number) => {
    const price = ((await change(from)) / 100).toFixed(2);
    await expect.poll(() => count('.seen[data-look=seen]'), WAIT).toBe(2);
    expect(await texts('#product-rows td:nth-child(4)')).toEqual([price, price]);
  };
  /** Until L1 of api-2 answers for product 9001: only what it holds can become stale. */
  const warm = () =>
    expect
      .poll(async () => {
        await seen.page.click('#product-ask button');
        return (await texts('#product-rows tr .tier'))[1];
      }, WAIT)
      .toBe('L1');

  test('finds the replicas, and a price edit travels to both', async () => {
    // The page may be there before the console has asked the launcher who is.
    await expect.poll(() => texts('thead .head .head-name'), WAIT).toEqual(['api-1', 'api-2']);
    await expect.poll(() => texts('.vital.state'), WAIT).toEqual(['ready', 'ready']);
    await travels(12_345);
    await expect.poll(() => texts('.lane .lane-key'), WAIT).toContain('product:9001');
  });

  test('guarded, a replica with a cut bus drops what it did not hear of', async () => {
    await warm();
    await seen.page.click('thead .head >> text=api-2');
    await seen.page.click('#menu label:has-text("60 s")');
    await seen.page.click('#menu >> text=Cut the bus');
    await expect.poll(() => count('.chip'), WAIT).toBe(1);
    await travels(22_200);
    await expect.poll(look, WAIT).not.toMatch(/stale|late/);
    expect(await count('.chip')).toBe(1);
    expect(await seen.page.getAttribute('#verdict', 'data-outcome')).not.toBe('violated');
    await seen.page.keyboard.press('U');
    await expect.poll(() => count('.chip'), WAIT).toBe(0);
  });

  test('naive, it goes on with the old price, and the page says for how long', async () => {
    await seen.page.keyboard.press('n');
    await seen.page.waitForSelector('html[data-protocol=naive]', SWITCHED);
    await expect.poll(() => count('#protocol[aria-busy]'), SWITCHED).toBe(0);
    await expect.poll(() => texts('.vital.state'), WAIT).toEqual(['ready', 'ready']);
    await warm();
    const cut = { kind: 'cut-bus', target: 'api-2', holdMs: HOLD_MS };
    const { console: running } = shown;
    expect((await new PageClient(running.url, running.token).order('POST', '/api/faults', cut)).status).toBe(200);
    await expect.poll(() => count('.chip'), WAIT).toBe(1);
    await warm();
    // A write that nginx gives to api-2 itself is no news to it: then another price.
    for (let cents = 33_300; (await outcome(cents)) !== 'waits'; cents += 1) expect(cents).toBeLessThan(33_320);
    await expect.poll(() => seen.page.getAttribute('#verdict', 'data-outcome'), WAIT).toBe('violated');
    // A browser reports every answer that is no success; while replicas are restarted there are such.
    expect(seen.problems.filter((words) => !words.includes('Failed to load resource'))).toEqual([]);
  });
});
