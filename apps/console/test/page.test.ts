/**
 * The page in a real browser, served by the console's own HTTP side. The cluster behind it is made up here, as any number
 * of replicas and any fault are wanted in seconds: what the page makes of a real one is tested in page-cluster.test.ts.
 */
import type { Browser, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasBrowser, openBrowser, type Visit, visit } from './page-browser.ts';
import { openFixture, type PageFixture } from './page-fixture.ts';

const isOf42 = (request: Request) => request.url().includes('/api/product/42?');
/** For what never comes to be. */
const WAIT = { timeout: 60_000 };

describe.skipIf(!hasBrowser())('the page', () => {
  let browser: Browser;
  let fixture: PageFixture;
  let seen: Visit;

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    fixture = await openFixture(3);
    // By the keyboard a fault is put on for ten seconds, which may be over before this page is told of it.
    fixture.world.heals = false;
    seen = await visit(browser, fixture.url);
  });
  afterEach(async () => {
    await seen.page.close();
    await fixture.close();
  });

  const texts = (selector: string) => seen.page.locator(selector).allInnerTexts();
  const count = (selector: string) => seen.page.locator(selector).count();
  const focused = () => seen.page.evaluate<string>('document.activeElement.textContent');

  test('finds the replicas, and those that come later by themselves', async () => {
    expect(await texts('thead .head-name')).toEqual(['Whole cluster', 'api-1', 'api-2', 'api-3']);
    fixture.world.replicas = 5;
    await expect
      .poll(() => texts('thead .head .head-name'), WAIT)
      .toEqual(['api-1', 'api-2', 'api-3', 'api-4', 'api-5']);
    await expect.poll(() => count('.matrix tr[data-key="product:42"] td.held'), WAIT).toBe(5);
    fixture.world.replicas = 2;
    await expect.poll(() => texts('thead .head .head-name'), WAIT).toEqual(['api-1', 'api-2']);
    expect(seen.problems).toEqual([]);
  });

  test('is a table whose heads say what they head', async () => {
    expect(await count('#grid thead th:not([scope=col])')).toBe(0);
    expect(await count('#grid tbody th:not([scope=row], [scope=rowgroup])')).toBe(0);
    expect(await count('#grid thead th')).toBe(5);
    expect(await count('[aria-live=polite]')).toBe(1);
    await expect.poll(() => seen.page.locator('#verdict-line').textContent(), WAIT).toMatch(/^Held: [\d,]+ reads/);
  });

  test('a price edit travels to every replica', async () => {
    await expect.poll(() => texts('#product-rows td:nth-child(4)'), WAIT).toEqual(['19.99', '19.99', '19.99']);
    await seen.page.fill('#product-price', '23.50');
    await seen.page.click('#product-edit button');
    await expect.poll(() => texts('#product-rows td:nth-child(4)'), WAIT).toEqual(['23.50', '23.50', '23.50']);
    await expect.poll(() => count('.seen[data-look=seen]'), WAIT).toBe(3);
    expect(await texts('#product-rows td:nth-child(6)')).toContain('proof 112 ms of 1.00 s');
    expect(seen.problems).toEqual([]);
  });

  test('a price that is typed while answers are on their way stays', async () => {
    const { promise: due, resolve: answer } = Promise.withResolvers<void>();
    const product = { id: 42, name: 'Lamp', category: 'lamps', stock: 1, priceCents: 1999, version: 1 };
    await seen.page.route('**/api/product/*', async (route) => {
      await due;
      await route.fulfill({ json: { status: 200, headers: { age: '77' }, product } });
    });
    await seen.page.click('#product-ask button');
    await seen.page.fill('#product-price', '23.50');
    await seen.page.focus('#product-edit button');
    answer();
    await expect.poll(() => texts('#product-rows td:nth-child(5)'), WAIT).toEqual(['77 s', '77 s', '77 s']);
    expect(await seen.page.inputValue('#product-price')).toBe('23.50');
  });

  test('answers that are late do not take the place of those to a later question', async () => {
    await expect.poll(() => texts('#product-rows td:nth-child(4)'), WAIT).toEqual(['19.99', '19.99', '19.99']);
    const { promise: due, resolve: answer } = Promise.withResolvers<void>();
    const product = { id: 42, name: 'Late lamp', category: 'lamps', stock: 1, priceCents: 4200, version: 1 };
    const late: Promise<void>[] = [];
    await seen.page.route('**/api/product/42?*', (route) => {
      late.push(due.then(() => route.fulfill({ json: { status: 200, headers: { age: '77' }, product } })));
    });
    await seen.page.click('#product-ask button');
    await expect.poll(() => late.length, WAIT).toBe(3);
    await seen.page.fill('#product-id', '7');
    await seen.page.click('#product-ask button');
    const ages = () => texts('#product-rows td:nth-child(5)');
    await expect.poll(ages, WAIT).toEqual(['3 s', '3 s', '3 s']);
    const answered = Array.from({ length: 3 }, () => seen.page.waitForEvent('requestfinished', isOf42));
    answer();
    await Promise.all([...late, ...answered]);
    // The page reads them before it reads what it is answered after them.
    await seen.page.evaluate(`fetch('/api/verdict').then((reply) => reply.json())`);
    expect(await ages()).toEqual(['3 s', '3 s', '3 s']);
    expect(await seen.page.innerText('#product-name')).not.toMatch(/^Late/);
    expect(await seen.page.inputValue('#product-price')).toBe('19.99');
  });

  test('a price edit that a deaf replica has not heard of is seen not to have come', async () => {
    fixture.world.become('naive');
    fixture.world.begin('cut-bus', 'api-3', 600_000);
    await seen.page.fill('#product-price', '23.50');
    await seen.page.click('#product-edit button');
    await expect.poll(() => count('.seen[data-look=seen]'), WAIT).toBe(2);
    await expect.poll(() => texts('.seen[data-look=waiting]'), WAIT).toEqual([expect.stringMatching(/^… [1-9]/)]);
  });

  test('a cut bus shows stale cells and missing ticks when naive, and none that stay when guarded', async () => {
    fixture.world.become('naive');
    await seen.page.click('thead .head >> text=api-3');
    await seen.page.click('#menu label:has-text("60 s")');
    await seen.page.click('#menu >> text=Cut the bus');
    await expect.poll(() => fixture.world.orders, WAIT).toContain('fault cut-bus api-3 60000');
    await expect.poll(() => count('.held[data-look=stale]'), WAIT).toBeGreaterThan(0);
    expect((await texts('.held[data-look=stale]'))[0]).toMatch(/▲ [\d,]+ [\d.]+ m?s/);
    await expect.poll(() => count('.tick[data-look=missing]'), WAIT).toBeGreaterThan(0);
    // A copy may be shown as old before the judge, who reads now and then, has met it.
    await expect.poll(() => seen.page.getAttribute('#verdict', 'data-outcome'), WAIT).toBe('violated');
    expect((await texts('.chip'))[0]).toMatch(/heals in \d+ s/);

    fixture.world.become('guarded');
    await expect.poll(() => count('.held[data-look=stale]'), WAIT).toBe(0);
    // Deaf for long enough that it would have shown: those ticks are missing, and no cell is beyond the bound.
    const from = fixture.world.verdict().writes;
    const looks = new Set<number>();
    await expect
      .poll(async () => {
        looks.add(await count('.held[data-look=stale]'));
        return fixture.world.verdict().writes;
      }, WAIT)
      .toBeGreaterThan(from + 12);
    expect([...looks]).toEqual([0]);
    await seen.page.click('.chip-undo');
    await expect.poll(() => count('.chip'), WAIT).toBe(0);
    expect(seen.problems).toEqual([]);
  });

  test('by the keyboard alone: a fault, its undo, a scale, the table of keys', async () => {
    const { keyboard } = seen.page;
    await keyboard.press('3');
    await keyboard.press('ArrowDown');
    expect(await focused()).toMatch(/^Black-hole/);
    await keyboard.press('Enter');
    await expect.poll(() => fixture.world.orders, WAIT).toContain('fault blackhole-bus api-3 10000');
    expect(await focused()).toBe('api-3');
    await expect.poll(() => count('.chip'), WAIT).toBe(1);
    await keyboard.press('u');
    await expect.poll(() => count('.chip'), WAIT).toBe(0);
    await keyboard.press('+');
    await expect.poll(() => fixture.world.orders, WAIT).toContain('scale 4');
    await keyboard.press('n');
    await expect.poll(() => fixture.world.orders, WAIT).toContain('naive');
    const keysAreShown = () => seen.page.locator('#keys').isVisible();
    await keyboard.press('?');
    await expect.poll(keysAreShown, WAIT).toBe(true);
    await keyboard.press('Escape');
    await expect.poll(keysAreShown, WAIT).toBe(false);
    await keyboard.press('/');
    await keyboard.type('7');
    expect(await seen.page.inputValue('#product-id')).toBe('7');
  });

  test('everything that can be pressed can be reached by Tab, and is seen to have the focus', async () => {
    const all = await seen.page.evaluate<number>(
      `[...document.querySelectorAll('button, select, input:not([type=radio])')].filter((e) => e.checkVisibility() && !e.disabled).length`,
    );
    const reached = new Set<string>();
    const unseen: string[] = [];
    await seen.page.locator('.skip').focus();
    for (let i = 0; i < 90; i += 1) {
      await seen.page.keyboard.press('Tab');
      const [name, tag, outline] = await seen.page.evaluate<[string, string, string]>(
        `(() => { const e = document.activeElement; e.dataset.n ??= String(Math.random());
          return [e.dataset.n, e.tagName, e.matches('[type=radio]') ? 'solid' : getComputedStyle(e).outlineStyle]; })()`,
      );
      if (['BUTTON', 'SELECT', 'INPUT'].includes(tag)) reached.add(name);
      if (tag !== 'BODY' && outline === 'none') unseen.push(tag);
    }
    // The switch is one stop, and none of those counted.
    expect(reached.size).toBeGreaterThanOrEqual(all);
    expect(unseen).toEqual([]);
  });

  test('the tour runs to its end, with both results side by side', async () => {
    const next = seen.page.locator('#tour-next:not([disabled])');
    await seen.page.keyboard.press('t');
    const sentences: string[] = [];
    for (let step = 0; step < 8; step += 1) {
      await next.waitFor();
      sentences.push(await seen.page.innerText('#tour-words'));
      if (step < 7) await seen.page.keyboard.press('Enter');
    }
    expect(new Set(sentences).size).toBe(8);
    expect(sentences[7]).toMatch(/Naive: violated: .*Guarded: held: /);
    const sides = seen.page.locator('tr[data-scenario=tour] .side');
    expect(await sides.nth(0).getAttribute('data-outcome')).toBe('violated');
    expect(await sides.nth(1).getAttribute('data-outcome')).toBe('held');
    await seen.page.keyboard.press('Enter');
    expect(await seen.page.locator('#tour').isVisible()).toBe(false);
    expect(seen.problems).toEqual([]);
  });

  test('the log stands still while it is paused, and tells what came', async () => {
    // What is not to be seen is not laid out.
    await seen.page.locator('#log').scrollIntoViewIfNeeded();
    fixture.world.become('naive');
    await expect.poll(() => texts('#log-lines .log-text'), WAIT).toContain('replicas become naive');
    await seen.page.keyboard.press('p');
    fixture.world.become('guarded');
    await expect.poll(() => texts('#log-state'), WAIT).toEqual([expect.stringMatching(/^paused, [1-9]/)]);
    expect(await texts('#log-lines .log-text')).not.toContain('replicas become guarded');
    await seen.page.keyboard.press('p');
    await expect.poll(() => texts('#log-lines .log-text'), WAIT).toContain('replicas become guarded');
  });

  test('the switch is busy until every replica speaks the protocol, whoever asked for it', async () => {
    const busy = () => count('#protocol[aria-busy]');
    fixture.world.changing = true;
    await expect.poll(busy, WAIT).toBe(1);
    fixture.world.changing = false;
    await expect.poll(busy, WAIT).toBe(0);
  });

  test('no fault can be put on until then, and the menu says why; what is on can be undone', async () => {
    fixture.world.changing = true;
    fixture.world.begin('cut-bus', 'api-3', 60_000);
    await expect.poll(() => count('.chip'), WAIT).toBe(1);
    await seen.page.click('thead .head >> text=api-3');
    await expect
      .poll(() => texts('#menu .item:enabled .item-title'), WAIT)
      .toEqual([expect.stringMatching(/^Undo: Cut the bus/)]);
    const sentences = new Set(await texts('#menu .item:disabled .item-sentence'));
    // The made-up cluster cannot crash a writer.
    const never = 'Not available on this kind of cluster.';
    expect(sentences).toEqual(new Set(['Not while the replicas change their protocol.', never]));
    fixture.world.changing = false;
    await expect.poll(() => texts('#menu .item:disabled .item-sentence'), WAIT).toEqual([never]);
    expect(seen.problems).toEqual([]);
  });

  test('a lost connection is said, and forgotten when it is back', async () => {
    fixture.breakStreams(true);
    await expect.poll(() => texts('#link-words'), WAIT).toEqual([expect.stringMatching(/^Connection lost/)]);
    fixture.breakStreams(false);
    await expect.poll(() => texts('#link-words'), WAIT).toEqual(['live']);
    const before = await seen.page.innerText('#verdict-words');
    await expect.poll(() => seen.page.innerText('#verdict-words'), WAIT).not.toBe(before);
  });

  test('so is a silence on a connection that stays open', async () => {
    fixture.silence(true);
    await expect.poll(() => texts('#link-words'), WAIT).toEqual([expect.stringMatching(/^Connection lost/)]);
    fixture.silence(false);
    await expect.poll(() => texts('#link-words'), WAIT).toEqual(['live']);
  });

  test('and one on which nothing comes any more is given up for another', async () => {
    fixture.forget();
    await expect.poll(() => texts('#link-words'), WAIT).toEqual([expect.stringMatching(/^Connection lost/)]);
    await expect.poll(() => texts('#link-words'), WAIT).toEqual(['live']);
    expect(seen.problems).toEqual([]);
  });

  test.each(['script', 'stylesheet'])(
    'a %s that is lost on its way is asked for again, with the page',
    async (type) => {
      let lost = 0;
      // Not the page's own first script, but one that another imports.
      await seen.page.route(type === 'script' ? '**/parts/board.ts' : '**/board.css', (route) => {
        lost += 1;
        return lost === 1 ? route.abort('connectionreset') : route.continue();
      });
      await seen.page.reload();
      await seen.page.waitForSelector('html[data-drawn][data-link=live]:not([data-lost])');
      expect(lost).toBe(2);
      expect(await seen.page.evaluate(`document.styleSheets.length`)).toBe(await count('link[rel=stylesheet]'));
    },
  );

  test('an order that is refused is said', async () => {
    await seen.page.evaluate(`document.querySelector('meta[name=console-token]').content = 'wrong'`);
    await seen.page.reload();
    await seen.page.route('**/api/scale', (route) =>
      route.fulfill({ status: 409, body: '{"error":"no launcher here"}' }),
    );
    await seen.page.waitForSelector('html[data-drawn]');
    await seen.page.keyboard.press('+');
    await expect.poll(() => texts('#notice'), WAIT).toEqual(['Not done: no launcher here']);
  });
});
