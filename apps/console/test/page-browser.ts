import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Whether there is a browser to test in. Says so where there is none; with REQUIRE_BROWSER=1 that is a failure. */
export function hasBrowser(): boolean {
  if (existsSync(CHROMIUM)) return true;
  const words = `no Chromium at ${CHROMIUM} (CHROMIUM names another): the page is not tested`;
  if (process.env.REQUIRE_BROWSER === '1') throw new Error(words);
  console.warn(`SKIPPED: ${words}`);
  return false;
}

/** For what never comes to be: how long a browser takes where others have the processor, no test says by this. */
const NEVER_MS = 90_000;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: NEVER_MS });
}

export interface Visit {
  readonly page: Page;
  /** What went wrong so far: errors of the page and on its console, requests to elsewhere. */
  readonly problems: readonly string[];
}

export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly forcedColors?: 'active';
  readonly reducedMotion?: 'reduce';
}

/**
 * What Chromium says of all that was under way when a network interface of this machine came or went, be it for a container of
 * somebody else's. The page gets over it by itself (page/reload.ts, and its stream): that is no problem of the page's.
 */
const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED';

/** Opens the page and waits until it has drawn something. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const { width = 1440, height = 900, ...media } = options;
  const page = await browser.newPage({ viewport: { width, height }, ...media });
  page.setDefaultTimeout(NEVER_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`threw ${error.message}`));
  page.on('console', (message) => {
    if (message.text().includes(NETWORK_CHANGED)) return;
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`said ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) problems.push(`asked ${request.url()}`);
  });
  const failed: string[] = [];
  page.on('requestfailed', (request) => failed.push(`lost ${request.url()}: ${request.failure()?.errorText}`));
  await go(page, url);
  // One of which something was lost is about to load itself anew, under the hands of whoever has it.
  await page.waitForSelector('html[data-drawn][data-link=live]:not([data-lost])').catch((error: Error) => {
    // What it waited for does not say why it did not come.
    throw new Error([error.message, ...problems, ...failed].join('\n'), { cause: error });
  });
  return { page, problems };
}

/** The page itself cannot help it when it is what was under way. */
async function go(page: Page, url: string): Promise<void> {
  await page.goto(url).catch((error: Error) => {
    if (!error.message.includes(NETWORK_CHANGED)) throw error;
    return go(page, url);
  });
}
