import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, setPriority } from 'node:os';
import { descendantsOf, identityOf } from '../../packages/cluster/src/run/process-table.ts';

/** Nice value of what takes part in an experiment: about ten times the time of others that want the same core. */
const NICE = -10;

/**
 * Gives the first core to these processes and the others to this program and all that it has started, so that the two
 * sides of an experiment on one machine do not take each other's time; and before everybody else's. Where that cannot be
 * done, it says so.
 */
export function separate(pids: readonly number[]): void {
  goFirst();
  // All there are: of those this program may use, a second experiment would find one less.
  const cores = cpus().length;
  if (process.platform !== 'linux' || cores < 2) {
    console.warn('processes cannot be given cores of their own here: they share them, and measure each other');
    return;
  }
  const others = cores === 2 ? '1' : `1-${cores - 1}`;
  for (const pid of [process.pid, ...descendantsOf(process.pid)]) pin(pid, pids.includes(pid) ? '0' : others);
}

/**
 * Where this program may say so (root may), all that it has started goes before those who have nothing to do with it and
 * want the same cores: what depends on how fast a replica is would depend on them.
 */
export function goFirst(): void {
  for (const pid of descendantsOf(process.pid)) precede(pid);
}

/**
 * So does our own session, until what is returned gives that back: tests forward what goes over links, and were they last,
 *   1: the replicas go first   2: the links between them and Redis get no time   3: to the replicas Redis is gone.
 */
export function sessionFirst(): () => void {
  const file = '/proc/self/autogroup';
  try {
    const before = /nice (-?\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '0';
    writeFileSync(file, String(NICE));
    return () => writeFileSync(file, before);
  } catch {
    return () => undefined;
  }
}

/** Those of sessions that end with the experiment; whoever shares ours shares it with a terminal, or with other tests. */
function precede(pid: number): void {
  try {
    if (sessionOf(pid) === sessionOf(process.pid)) return;
    setPriority(pid, NICE);
    // Linux weighs sessions before it weighs what is in them.
    writeFileSync(`/proc/${pid}/autogroup`, String(NICE));
  } catch {
    // It has ended, or we are not root, or there is no such file: then they share.
  }
}

function sessionOf(pid: number): string | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[3];
}

/** With all of its threads; what it starts from now on inherits it. */
function pin(pid: number, cores: string): void {
  try {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
  } catch (error) {
    // It may have ended since it was listed, as Postgres' workers and idle connections do.
    if (identityOf(pid) !== null) throw error;
  }
}
