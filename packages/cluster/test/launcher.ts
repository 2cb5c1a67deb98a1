/** Runs the launcher as another terminal would see it, in a temporary folder of its own, so that no two tests meet. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type Identified, identityOf, isAlive, killTree } from '../src/run/process-table.ts';
import type { Status } from '../src/status.ts';

/** For a start that never comes to its end: on a busy machine initdb alone may take two minutes. */
export const START_MS = 250_000;
const LAUNCHER = fileURLToPath(new URL('./fixtures/launcher.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A launcher that is running, or has ended. */
export class Launched {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, apart = false) {
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
    this.process = spawn(process.execPath, [LAUNCHER, ...args], { env, stdio, detached: apart });
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.process, 'close').then(([code]) => {
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** The status that it prints when all is ready; the limit is for a launcher that never is. */
  async status(): Promise<Status> {
    await expect
      .poll(() => this.stdout.includes('\n') || this.process.exitCode !== null, { timeout: START_MS })
      .toBe(true);
    expect(this.process.exitCode, this.stderr).toBeNull();
    return JSON.parse(this.stdout) as Status;
  }
}

/** One temporary folder, and the launchers that were started in it. */
export class Terminal {
  readonly tmp: string;
  /**
   * Launchers are started in sessions of their own, which may go before others (`goFirst`). Only where their speed is
   * judged: in ours they hear a Ctrl-C that ends the tests.
   */
  apart = false;
  readonly #launched: Launched[] = [];
  readonly #started: Identified[] = [];

  constructor() {
    this.tmp = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
    // Passable, as a system's temporary folder is.
    chmodSync(this.tmp, 0o711);
  }

  /** Starts a launcher and does not wait for it. */
  launch(args: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
    const launched = new Launched(args, { ...process.env, TMPDIR: this.tmp, ...env }, this.apart);
    this.#launched.push(launched);
    return launched;
  }

  /** Runs a command of the launcher to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.launch(args).ended;
  }

  /** Starts a cluster on a free port; returns when it is ready. */
  async start(...args: string[]): Promise<{ launched: Launched; status: Status; pids: number[] }> {
    const launched = this.launch(['--json', '--port', '0', ...consoleOf(args), ...args]);
    const status = await launched.status();
    const pids = pidsOf(status);
    this.#started.push(...pids.map((pid) => ({ pid, identity: identityOf(pid) ?? '' })));
    return { launched, status, pids };
  }

  /** What is left in the folders of clusters. */
  leftovers(): string[] {
    const base = join(this.tmp, `lockstep-${process.getuid?.()}`);
    return existsSync(base) ? readdirSync(base).flatMap((checkout) => readdirSync(join(base, checkout))) : [];
  }

  /** Ends what a failed test has left. */
  async close(): Promise<void> {
    for (const { process: child } of this.#launched) if (child.exitCode === null) child.kill('SIGTERM');
    await Promise.all(this.#launched.map(({ ended }) => ended));
    // By now the pid may be somebody else's.
    for (const { pid, identity } of this.#started) if (isAlive(pid, identity)) killTree(pid);
    rmSync(this.tmp, { recursive: true, force: true });
  }
}

/** Without a console, unless the test wants one. */
function consoleOf(args: readonly string[]): readonly string[] {
  return args.includes('--console-port') ? [] : ['--no-console'];
}

export function pidsOf({ replicas, redis, postgres, nginx }: Status): number[] {
  return [...replicas, redis, postgres, nginx].map(({ pid }) => pid ?? 0);
}

/** Those of these processes that are still there. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => identityOf(pid) !== null);
}
