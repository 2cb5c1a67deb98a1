import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { relative } from 'node:path';
import { promisify } from 'node:util';
import type { Plan } from '../lib/plan.ts';
import type { Scenario } from './arguments.ts';
import { LoadtestError } from './errors.ts';
import { CHECKOUT } from './target.ts';

/** One run of k6. The files are absolute, and within the checkout. */
interface K6Order {
  readonly scenario: Scenario;
  readonly plan: Omit<Plan, 'figures'>;
  readonly figures: string;
  readonly notes: string;
  /** Ends the run early, in good order: what it created is deleted again. */
  readonly signal: AbortSignal;
}

export interface K6End {
  /** k6's exit code: 0, 99 when a threshold failed; null when it was killed. */
  readonly code: number | null;
  /** The end of what it said on standard error. */
  readonly said: string;
}

/** A k6 that is ready to run. */
export interface K6 {
  /** As `k6 v1.8.1` or `k6 v1.8.1 in a container`. */
  readonly name: string;
  run(order: K6Order): Promise<K6End>;
}

/** Scripts in TypeScript without a bundler, with a summary of our own. */
const MAJOR_LEAST = 1;
const IMAGE = 'grafana/k6:1.8.1';
/** Where the container finds the checkout. */
const MOUNT = '/lockstep';
const SAID_CHARACTERS = 4_096;
/** The container engine may have to fetch the image first. */
const VERSION_MS = 120_000;

const HOW_TO = `k6 ${MAJOR_LEAST}.0 or later does the work, and is not here. Get it by
  brew install k6                      macOS, Linux
  winget install k6 --source winget    Windows
  https://grafana.com/docs/k6/latest/set-up/install-k6    packages and binaries
or start Docker: then it runs as a container of ${IMAGE}.`;

/** k6 from the PATH, else as a container; throws E_LOADTEST_NO_K6, and says how to get it. */
export async function findK6(): Promise<K6> {
  const local = await localK6();
  if (local !== null) return local;
  const container = containerArguments();
  const version = await versionOf('docker', [...container, 'version']);
  if (version === null) throw new LoadtestError('E_LOADTEST_NO_K6', HOW_TO);
  return {
    name: `k6 ${version} in a container`,
    run: (order) => run('docker', container, order, (path) => `${MOUNT}/${relative(CHECKOUT, path)}`),
  };
}

/** k6 from the PATH; null without one. */
export async function localK6(): Promise<K6 | null> {
  const version = await versionOf('k6', ['version']);
  if (version === null) return null;
  if (Number(/^v(\d+)/.exec(version)?.[1]) < MAJOR_LEAST) {
    throw new LoadtestError('E_LOADTEST_NO_K6', `the k6 on the PATH is ${version}\n${HOW_TO}`);
  }
  return { name: `k6 ${version}`, run: (order) => run('k6', [], order, (path) => path) };
}

/** The host's network, as the cluster listens on loopback; the caller's user, as the results become the caller's. */
function containerArguments(): string[] {
  const user = process.getuid === undefined ? [] : ['--user', `${process.getuid()}:${process.getgid?.() ?? 0}`];
  return ['run', '--rm', '--network', 'host', ...user, '--volume', `${CHECKOUT}:${MOUNT}`, IMAGE];
}

/** As `v1.8.1`; null when the program is not there or does not work. */
async function versionOf(program: string, args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: VERSION_MS });
    return /\bv\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? null;
  } catch {
    return null;
  }
}

async function run(
  program: string,
  before: readonly string[],
  { scenario, plan, figures, notes, signal }: K6Order,
  seenFrom: (path: string) => string,
): Promise<K6End> {
  const told = JSON.stringify({ ...plan, figures: seenFrom(figures) } satisfies Plan);
  const args = [
    ...[...before, 'run', '--quiet', '--no-usage-report', '--address', '', '--log-format', 'raw'],
    ...['--console-output', seenFrom(notes), '--env', `LOCKSTEP_PLAN=${told}`],
    seenFrom(`${CHECKOUT}/loadtest/scripts/${scenario}.ts`),
  ];
  // A group of its own, so that Ctrl-C reaches it once, from us: at a second one k6 leaves its products behind.
  const child = spawn(program, args, { cwd: CHECKOUT, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const interrupt = () => child.kill('SIGINT');
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  try {
    return await ended(child);
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

function ended(child: ChildProcess): Promise<K6End> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, said }));
  });
}
