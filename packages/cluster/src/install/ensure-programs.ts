import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ClusterError } from '../errors.ts';
import { INSTALL_LIMIT_MS, LOG_REPORT_BYTES } from '../limits.ts';
import { findPrograms, type Programs } from '../processes/programs.ts';
import type { Report } from '../report.ts';
import { asRoot } from '../run/base.ts';

export interface EnsureOptions {
  /** False: never installs anything. */
  readonly install: boolean;
  readonly say: Report;
  readonly signal: AbortSignal;
  /** What differs on a machine made for a test. */
  readonly machine?: Machine;
}

export interface Machine {
  readonly path: string;
  readonly root: boolean;
  readonly policy: string;
  readonly find: () => { [K in keyof Programs]: string | null };
}

const SCRIPT = join(import.meta.dirname, 'apt-install.sh');
const SUDO_LIMIT_MS = 5_000;

/** Packages by what is missing, for each package manager. */
const PACKAGES: Readonly<Record<keyof Programs, Readonly<Record<'apt' | 'dnf' | 'apk' | 'brew', string>>>> = {
  redis: { apt: 'redis-server', dnf: 'valkey', apk: 'redis', brew: 'redis' },
  nginx: { apt: 'nginx', dnf: 'nginx', apk: 'nginx', brew: 'nginx' },
};

/**
 * Makes sure that Redis and nginx are on this machine: installs them where that is possible without asking (root, or
 * sudo without a password, on a Debian-like system), and says how it is done everywhere else.
 */
export async function ensurePrograms({ install, say, signal, machine = thisMachine() }: EnsureOptions): Promise<void> {
  const missing = missingOn(machine);
  if (missing.length === 0) return;
  const prefix = install ? await aptPrefix(machine) : null;
  if (prefix === null) throw new ClusterError('E_CLUSTER_MISSING', advice(missing, machine.root));
  const packages = missing.map((program) => PACKAGES[program].apt);
  say(
    `missing: installing ${packages.join(' and ')} with apt-get, not started as services (--no-install prevents that)`,
  );
  const { code, output } = await run(prefix, ['sh', SCRIPT, machine.policy, ...packages], machine.path, signal);
  signal.throwIfAborted();
  const still = missingOn(machine);
  if (still.length === 0) return;
  throw new ClusterError(
    'E_CLUSTER_MISSING',
    `apt-get ended with ${code ?? 'a signal'}, and there still is no ${still.join(' and no ')}; it said:\n${output}\n\n${advice(still, machine.root)}`,
  );
}

function thisMachine(): Machine {
  return {
    path: process.env.PATH ?? '',
    root: asRoot,
    policy: '/usr/sbin/policy-rc.d',
    find: findPrograms,
  };
}

function missingOn(machine: Machine): (keyof Programs)[] {
  const found = machine.find();
  return (['redis', 'nginx'] as const).filter((program) => found[program] === null);
}

/** What goes before a command that needs root: nothing, or sudo; null when apt-get cannot be used unasked. */
async function aptPrefix({ path, root }: Machine): Promise<string[] | null> {
  if (!isOnPath('apt-get', path)) return null;
  if (root) return [];
  if (!isOnPath('sudo', path)) return null;
  const { code } = await run(['sudo', '-n'], ['true'], path, AbortSignal.timeout(SUDO_LIMIT_MS));
  return code === 0 ? ['sudo', '-n'] : null;
}

function isOnPath(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a command to its end and returns the end of what it said. The signal, or the limit, asks it to end. */
async function run(prefix: readonly string[], command: readonly string[], path: string, signal: AbortSignal) {
  const env = { ...process.env, PATH: path };
  // Its own group: a terminal's Ctrl-C must not reach dpkg in the middle of its work.
  const child = spawnOf([...prefix, ...command], { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-LOG_REPORT_BYTES);
    });
  }
  // What sudo runs is not ours to signal, but sudo's.
  const end = () =>
    spawnOf([...prefix, 'kill', '-TERM', String(child.pid)], { stdio: 'ignore', env }).on('error', () => undefined);
  const tooLong = setTimeout(end, INSTALL_LIMIT_MS);
  signal.addEventListener('abort', end, { once: true });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: output.trimEnd() };
  } finally {
    clearTimeout(tooLong);
    signal.removeEventListener('abort', end);
  }
}

function spawnOf([program = '', ...args]: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(program, args, options);
}

/** The exact commands, for whoever may run them. */
function advice(missing: readonly (keyof Programs)[], root: boolean): string {
  const what = missing
    .map((program) => (program === 'redis' ? 'redis-server (or valkey-server)' : program))
    .join(' and ');
  const names = (manager: 'apt' | 'dnf' | 'apk' | 'brew') =>
    missing.map((program) => PACKAGES[program][manager]).join(' ');
  const sudo = root ? '' : 'sudo ';
  return [
    `${what} not found on PATH. Install with one of`,
    `  ${sudo}apt-get install --no-install-recommends ${names('apt')}    (Debian, Ubuntu; it starts them as services)`,
    `  ${sudo}dnf install ${names('dnf')}    (Fedora; where there is no valkey: redis)`,
    `  ${sudo}apk add ${names('apk')}    (Alpine)`,
    `  brew install ${names('brew')}    (macOS)`,
    'or run the cluster in containers instead: docker compose up',
  ].join('\n');
}
