import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A replica as a process of its own, as the launcher starts it. */
export class ReplicaProcess {
  readonly child: ChildProcess;
  /** Resolves to its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  out = '';
  err = '';

  /** It gets this environment and nothing else. */
  constructor(env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [MAIN], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // `close`, not `exit`: what it has said by then is complete.
    this.exited = once(this.child, 'close').then(([code]) => code as number | null);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
    });
  }

  /** Its lines of log so far. */
  lines(): { readonly msg: string; readonly [member: string]: unknown }[] {
    const whole = this.out.slice(0, this.out.lastIndexOf('\n') + 1);
    return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  }

  line(msg: string): { readonly [member: string]: unknown } | undefined {
    return this.lines().find((line) => line.msg === msg);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}
