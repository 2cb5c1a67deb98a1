import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { KILL_LIMIT_MS } from '../limits.ts';
import { until } from '../probe.ts';
import { asRoot } from './base.ts';
import { identityOf, isAlive, killTree } from './process-table.ts';
import { type Known, knownIn, StateFile } from './state-file.ts';

/**
 * The folder of one running cluster. Its name says whose it is: `<pid of the launcher>-<its identity>-<random>`, so a
 * folder whose launcher is gone is known at once, also when the launcher was killed before it could write anything.
 */
export interface Instance {
  readonly folder: string;
  readonly state: StateFile;
  /** Removes the folder; nothing of the cluster may live any more. */
  close(): void;
}

/**
 * Clusters of this process. Should it exit with one of them running, by an error that nobody caught or a test runner's
 * impatience, their processes end with it; only a SIGKILL leaves them to the next start.
 */
const open = new Set<Instance>();

function endAll(): void {
  for (const { folder, state } of open) {
    for (const pid of state.pids()) killTree(pid);
    removeFolder(folder);
  }
}

const NAME = /^(\d+)-([0-9a-f]{8})-[0-9A-Za-z]+$/;

/** Makes the folder of a cluster that this process runs. */
export function openInstance(checkoutFolder: string): Instance {
  const identity = identityOf(process.pid);
  if (identity === null) throw new Error('this process does not find itself in the process table');
  const folder = mkdtempSync(join(checkoutFolder, `${process.pid}-${digest(identity)}-`));
  // mkdtemp makes 0700; root's helpers pass through here to their own folders.
  if (asRoot) chmodSync(folder, 0o711);
  for (const name of ['control', 'logs']) mkdirSync(join(folder, name), { mode: 0o700 });
  const state = new StateFile(folder);
  const instance: Instance = {
    folder,
    state,
    close() {
      open.delete(instance);
      removeFolder(folder);
    },
  };
  if (!process.listeners('exit').includes(endAll)) process.on('exit', endAll);
  open.add(instance);
  return instance;
}

/** The process that runs a cluster. */
export interface Launcher {
  readonly pid: number;
  readonly identity: string;
}

export interface LiveInstance {
  readonly folder: string;
  readonly launcher: Launcher;
}

/** The clusters whose launcher is alive. */
export function liveInstances(checkoutFolder: string): LiveInstance[] {
  return instances(checkoutFolder).flatMap(({ folder, launcher }) => (launcher === null ? [] : [{ folder, launcher }]));
}

/**
 * Ends and removes what launchers left that were killed: their children, if they are still the same processes, and
 * their folders. Answers what it ended. Data kept elsewhere (`--keep`) is not in the folder and stays.
 */
export async function removeLeftovers(checkoutFolder: string): Promise<Known[]> {
  const ended: Known[] = [];
  for (const { folder, launcher } of instances(checkoutFolder)) {
    if (launcher !== null) continue;
    const left = knownIn(folder).filter((known) => isAlive(known.pid, known.identity));
    for (const known of left) killTree(known.pid);
    await until(
      `the end of ${left.map(({ name }) => name).join(', ')} of a former cluster`,
      () => left.every((known) => !isAlive(known.pid, known.identity)),
      { limitMs: KILL_LIMIT_MS },
    );
    removeFolder(folder);
    ended.push(...left);
  }
  return ended;
}

/** Removes a cluster's folder; what processes in their last moment still write is tried again. */
function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

function instances(checkoutFolder: string): { folder: string; launcher: Launcher | null }[] {
  return readdirSync(checkoutFolder).flatMap((name) => {
    const [, digits, hash] = NAME.exec(name) ?? [];
    if (digits === undefined) return [];
    return [{ folder: join(checkoutFolder, name), launcher: launcherOf(Number(digits), hash ?? '') }];
  });
}

/** The launcher of which a name says `<pid>-<hash>`; null when it is gone. */
export function launcherOf(pid: number, hash: string): Launcher | null {
  const identity = identityOf(pid);
  return identity !== null && digest(identity) === hash ? { pid, identity } : null;
}

function digest(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 8);
}
