import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { descendantsOf } from '../../packages/cluster/src/run/process-table.ts';

/**
 * Gives the first core to these processes and the others to this program and all that it has started, so that the two
 * sides of an experiment on one machine do not take each other's time. Where that cannot be done, it says so.
 */
export function separate(pids: readonly number[]): void {
  // All there are: of those this program may use, a second experiment would find one less.
  const cores = cpus().length;
  if (process.platform !== 'linux' || cores < 2) {
    console.warn('processes cannot be given cores of their own here: they share them, and measure each other');
    return;
  }
  const others = cores === 2 ? '1' : `1-${cores - 1}`;
  for (const pid of [process.pid, ...descendantsOf(process.pid)]) pin(pid, pids.includes(pid) ? '0' : others);
}

/** With all of its threads; what it starts from now on inherits it. */
function pin(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}
