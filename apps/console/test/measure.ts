/**
 * `node apps/console/test/measure.ts [options]`: what the console costs before a real cluster, and how long the tasks of its
 * page are.
 *
 *   --replicas N   default 12
 *   --rps N        requests a second that are offered; default 2,000
 *   --writes N     of a hundred requests; default 5
 *   --warm N       seconds until what is compiled is compiled and caches are warm; default 10
 *   --seconds N    of each of the two measurements; default 20
 *   --yielding     the cluster has every core, and yields to the console and the browser
 *
 * Console and browser would have a machine of their own. Here the cluster has the first core and they have the rest, or,
 * where one core answers too little, all of them share every core and the cluster waits whenever they want one. What was
 * really answered is told with what it costs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { descendantsOf } from '../../../packages/cluster/src/run/process-table.ts';
import { separate } from '../../../tests/lib/affinity.ts';
import type { Snapshot } from '../src/shared/state.ts';
import { openBrowser, visit } from './page-browser.ts';
import { PageClient } from './page-client.ts';
import { watch } from './page-tasks.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;
const CONSOLE = 'apps/console/src/main.ts';
/** A task beyond this is felt, ms. */
const LONG_MS = 100;
const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '12' },
    rps: { type: 'string', default: '2000' },
    writes: { type: 'string', default: '5' },
    warm: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
    yielding: { type: 'boolean', default: false },
  },
});
const [replicas, rps, writesPercent] = [Number(values.replicas), Number(values.rps), Number(values.writes)];
const [warm, seconds] = [Number(values.warm), Number(values.seconds)];

/** `npm start` without npm: its status, once it serves. */
async function start(): Promise<{ launcher: ChildProcess; console: string }> {
  const args = ['--replicas', String(replicas), '--port', '0', '--console-port', '0', '--json'];
  const launcher = spawn(process.execPath, [`${ROOT}packages/cluster/src/main.ts`, ...args], {
    cwd: ROOT,
    // A session of its own, which can be given another weight than ours.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LOG_LEVEL: 'error' },
  });
  const [line] = await once(createInterface(launcher.stdout as NonNullable<typeof launcher.stdout>), 'line');
  return { launcher, ...(JSON.parse(String(line)) as { console: string }) };
}

/** The console among what the launcher has started; null where the system does not tell. */
function consolePid(launcher: number): number | null {
  const isConsole = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(CONSOLE);
  return process.platform === 'linux' ? (descendantsOf(launcher).find(isConsole) ?? null) : null;
}

/** Whoever else wants a core gets it first. What they start from now on inherits it. */
function yieldToOthers(pids: readonly number[]): void {
  const { PRIORITY_LOW } = constants.priority;
  for (const pid of pids) {
    // A priority is a thread's own on Linux, and counts within its session alone: sessions are weighed first.
    for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), PRIORITY_LOW);
    if (existsSync('/proc/self/autogroup')) writeFileSync(`/proc/${pid}/autogroup`, String(PRIORITY_LOW));
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What it says of itself each second, while its page is open. */
async function costs(client: PageClient): Promise<Snapshot[]> {
  const seen: Snapshot[] = [];
  for (let second = 0; second < seconds; second++) {
    await pause(1_000);
    seen.push(await client.snapshot());
  }
  return seen;
}

function tellCost(seen: readonly Snapshot[]): void {
  const answered = mean(seen.map(({ traffic }) => traffic.achieved));
  const [own, clients] = [mean(seen.map(({ cost }) => cost.console)), mean(seen.map(({ cost }) => cost.clients))];
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  const per = percent(((own + clients) * 1_000) / answered);
  const offered = `${rps} requests a second offered, ${writesPercent} % of them writes`;
  console.log(`${replicas} replicas, ${offered}, ${Math.round(answered)} answered`);
  console.log(
    `of a core: console ${percent(own)}, its clients ${percent(clients)}, ${per} for 1,000 answered a second`,
  );
}

const { launcher, console: url } = await start();
const browser = await openBrowser();
try {
  const pid = launcher.pid as number;
  const apart = consolePid(pid);
  const cluster = [pid, ...descendantsOf(pid)].filter((one) => one !== apart);
  if (values.yielding) yieldToOthers(cluster);
  else separate(cluster);
  const { page } = await visit(browser, url);
  const token = await page.locator('meta[name=console-token]').getAttribute('content');
  const client = new PageClient(url, token ?? '');
  await client.order('POST', '/api/traffic', { rps, writesPercent });
  await pause(warm * 1_000);
  tellCost(await costs(client));
  const { tasks, pictures } = await watch(browser, page, seconds * 1_000);
  const wall = tasks.map(({ wallMs }) => wallMs).sort((a, b) => b - a);
  const all = tasks.reduce((sum, { threadMs }) => sum + threadMs, 0);
  const words = (values: readonly number[]) => values.slice(0, 5).map((ms) => ms.toFixed(1));
  console.log(`page: ${pictures} pictures in ${seconds} s, ${(all / seconds / 10).toFixed(1)} % of a core`);
  console.log(`longest tasks, ms of the processor: ${words(tasks.map(({ threadMs }) => threadMs)).join(', ')}`);
  console.log(`by the clock: ${words(wall).join(', ')}; ${wall.filter((ms) => ms > LONG_MS).length} over ${LONG_MS}`);
} finally {
  await browser.close();
  launcher.kill('SIGTERM');
  await once(launcher, 'exit');
}
