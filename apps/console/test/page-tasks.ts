import type { Browser, Page } from 'playwright-core';

/** A task of the page's main thread, ms: of the processor, and by the clock on the wall. */
interface Task {
  readonly threadMs: number;
  readonly wallMs: number;
}

/** What a page did in a while. */
export interface Work {
  /** The longest first, by time of the processor. */
  readonly tasks: readonly Task[];
  /** How often it was brought up to date as a whole. */
  readonly pictures: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly args: { readonly name?: string };
  /** us. */
  readonly tdur?: number;
  readonly dur?: number;
}

/** Watches a page for so long, and until it was brought up to date so often. Other pages must not be open: their threads cannot be told from this one's. */
export async function watch(browser: Browser, page: Page, ms: number, least = 0): Promise<Work> {
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  const pictures = await page.evaluate<number>(`new Promise((resolve) => {
    let count = 0;
    let isOver = false;
    const look = () => {
      if (!isOver || count < ${least}) return;
      observer.disconnect();
      resolve(count);
    };
    const observer = new MutationObserver(() => { count++; look(); });
    observer.observe(document.documentElement, { attributeFilter: ['data-drawn'] });
    setTimeout(() => { isOver = true; look(); }, ${ms});
  })`);
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const tasks = traceEvents
    .filter(({ name, pid, tid }) => name === 'RunTask' && mains.some((main) => main.pid === pid && main.tid === tid))
    .map(({ tdur = 0, dur = 0 }) => ({ threadMs: tdur / 1_000, wallMs: dur / 1_000 }))
    .sort((a, b) => b.threadMs - a.threadMs);
  return { tasks, pictures };
}
