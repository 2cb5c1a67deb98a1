import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ClusterError, hasCode } from '../errors.ts';
import { KILL_LIMIT_MS } from '../limits.ts';
import { until } from '../probe.ts';
import { isAlive, killGroup, killTree, send } from '../run/process-table.ts';
import type { StateFile } from '../run/state-file.ts';
import type { LogFile } from './log-file.ts';
import type { User } from './user.ts';

export interface Command {
  /** Whose process it is: `redis`, `api-2`, ... */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** As whom root starts it; null: as ourselves. */
  readonly user: User | null;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * One process of the cluster, leader of its own group, so that a terminal's Ctrl-C reaches the launcher alone and the
 * launcher decides the order. It is in the state file as long as it lives.
 */
export class Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended and nothing of its group is left. */
  readonly exited: Promise<Exit>;
  #exit: Exit | null = null;

  private constructor(name: string, pid: number, child: ChildProcess, state: StateFile) {
    this.name = name;
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        // nginx' workers outlive a master that was killed, and keep its port.
        killGroup(pid);
        state.remove(pid);
        resolve(this.#exit);
      });
    });
    state.add(name, pid);
  }

  static async start(command: Command, log: LogFile, state: StateFile): Promise<Child> {
    const { name, program, args, cwd, env, user } = command;
    const child = spawn(program, args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    });
    if (child.pid !== undefined) return new Child(name, child.pid, child, state);
    const [error] = (await once(child, 'error')) as [Error];
    const hint = hasCode(error, 'EACCES')
      ? ' (if its file system is mounted noexec: set TMPDIR to a folder where programs may run)'
      : '';
    throw new ClusterError('E_CLUSTER_START', `${name}: cannot start ${program}: ${error.message}${hint}`, {
      cause: error,
    });
  }

  /** How it ended; null while it lives. */
  get exit(): Exit | null {
    return this.#exit;
  }

  /** Asks it to end, and ends it with everything below it when it has not within the limit. */
  async stop(signal: NodeJS.Signals, limitMs: number): Promise<Exit> {
    if (this.#exit !== null) return this.#exit;
    send(this.pid, signal);
    // One that a test has stopped with SIGSTOP hears nothing until it goes on.
    send(this.pid, 'SIGCONT');
    const ended = await within(this.exited, limitMs);
    return ended ?? this.kill();
  }

  /**
   * Ends it with everything below it, and returns when all of that is gone, not the process alone:
   *   1: postmaster and backends are killed   2: the postmaster ends, and is started again   3: a backend, to which the
   *   system has not come yet, still has their shared memory: the new postmaster refuses to start.
   */
  async kill(): Promise<Exit> {
    if (this.#exit !== null) return this.#exit;
    const family = killTree(this.pid);
    const ended = await within(this.exited, KILL_LIMIT_MS);
    if (ended === null) {
      throw new ClusterError('E_CLUSTER_STOPPED', `${this.name} (pid ${this.pid}) does not end, not even by SIGKILL`);
    }
    const gone = () => family.every(({ pid, identity }) => !isAlive(pid, identity));
    await until(`the end of all that ${this.name} had started`, gone, { limitMs: KILL_LIMIT_MS });
    return ended;
  }
}

/** The value, or null when it has not come within the limit. */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, limitMs, null);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `exit code 1`, `signal SIGSEGV`. */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** Runs something that ends by itself; fails with the end of its log when it does not end well or in time. */
export async function runErrand(
  command: Command,
  log: LogFile,
  state: StateFile,
  patience: { limitMs: number; signal: AbortSignal },
): Promise<void> {
  patience.signal.throwIfAborted();
  const child = await Child.start(command, log, state);
  const aborted = () => killTree(child.pid);
  patience.signal.addEventListener('abort', aborted, { once: true });
  try {
    const exit = await within(child.exited, patience.limitMs);
    patience.signal.throwIfAborted();
    if (exit?.code === 0) return;
    if (exit === null) await child.kill();
    const how = exit === null ? `did not end within ${patience.limitMs} ms` : `ended with ${describeExit(exit)}`;
    throw new ClusterError('E_CLUSTER_START', `${command.name} ${how}; the end of its log:\n${log.end()}`);
  } finally {
    patience.signal.removeEventListener('abort', aborted);
    if (child.exit === null) await child.kill();
  }
}
