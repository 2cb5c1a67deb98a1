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

/** Opens the page and waits until it has drawn something. */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const { width = 1440, height = 900, ...media } = options;
  const page = await browser.newPage({ viewport: { width, height }, ...media });
  page.setDefaultTimeout(NEVER_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`threw ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`said ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) problems.push(`asked ${request.url()}`);
  });
  const failed: string[] = [];
  page.on('requestfailed', (request) => failed.push(`lost ${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(url);
  await page.waitForSelector('html[data-drawn][data-link=live]').catch((error: Error) => {
    // A page of which a script was lost stays as it is: the wait alone would not say why.
    throw new Error([error.message, ...problems, ...failed].join('\n'), { cause: error });
  });
  return { page, problems };
}
