import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { hasCode } from '../errors.ts';

/**
 * What the operating system says about processes, so that only what we started is ever ended.
 *
 * A pid alone proves nothing: it is given out again. Pid and start time together do, and on Linux the boot as well, as
 * start times count from it and the temporary folder may outlive it.
 */
const PS_LIMIT_MS = 5_000;

/** When the process with that pid began, as a text that no later process of the same pid has; null when there is none. */
export function identityOf(pid: number): string | null {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
}

/** True while the very process is there to which `identityOf` gave this identity. */
export function isAlive(pid: number, identity: string): boolean {
  return identityOf(pid) === identity;
}

/** A process, and what tells it from a later one of the same pid. */
export interface Identified {
  readonly pid: number;
  readonly identity: string;
}

/**
 * Ends the process at once with all that descends from it or is in its group, and answers them: each is gone when the
 * system has come to it. The pid must be a group leader of ours.
 */
export function killTree(pid: number): Identified[] {
  // Postgres' backends are in groups of their own, so the group alone would leave them running.
  const family = [...descendantsOf(pid), pid].flatMap((member) => {
    const identity = identityOf(member);
    return identity === null ? [] : [{ pid: member, identity }];
  });
  for (const member of family) send(member.pid, 'SIGKILL');
  killGroup(pid);
  return family;
}

/** Ends what is left of the group that the process led. */
export function killGroup(pid: number): void {
  send(-pid, 'SIGKILL');
}

/** Sends a signal; false when nobody is there any more. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    // EPERM: a group whose members have all ended but for zombies of another user, as macOS says it.
    if (hasCode(error, 'ESRCH', 'EPERM')) return false;
    throw error;
  }
}

/** All that come from it, without itself. */
export function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents()) {
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const found: number[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      open.push(child);
    }
  }
  return found;
}

function parents(): [pid: number, parent: number][] {
  if (process.platform !== 'linux') {
    return ps(['-A', '-o', 'pid=,ppid='])
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter((row): row is [number, number] => row.length === 2);
  }
  const rows: [number, number][] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const fields = Number.isInteger(pid) ? statFields(pid) : null;
    if (fields !== null) rows.push([pid, Number(fields[1])]);
  }
  return rows;
}

let bootId: string | null = null;

function linuxIdentity(pid: number): string | null {
  const fields = statFields(pid);
  // A zombie has ended; only its parent, which may never ask, keeps the number.
  if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null;
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId} ${fields[19]}`;
}

/** The fields of /proc/<pid>/stat from the third (state) on: the second is a name that may hold spaces and brackets. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return null;
    throw error;
  }
}

function psIdentity(pid: number): string | null {
  const line = ps(['-p', String(pid), '-o', 'stat=,lstart=']).trim();
  const [state = 'Z', ...began] = line.split(/\s+/);
  return state.startsWith('Z') ? null : began.join(' ');
}

function ps(args: readonly string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', timeout: PS_LIMIT_MS, env: { ...process.env, LC_ALL: 'C' } });
  } catch (error) {
    // It exits with 1 when it finds nothing.
    if (error instanceof Error && 'status' in error && error.status === 1) return '';
    throw error;
  }
}
