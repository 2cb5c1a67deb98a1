import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Clock ticks of Linux in a second, as /proc counts CPU time: a constant of its interface to user space. */
const TICKS_PER_S = 100;
/** The least CPU time of a round, s: what is less than a tick may be told as nothing, to which no other has a ratio. */
export const LEAST_CPU_S = 1 / TICKS_PER_S;

/** A server in a process of its own, that says as JSON on standard output on which port it listens. */
export interface ServerProcess {
  readonly port: number;
  /** CPU seconds that it has used; null where the system does not tell. */
  cpu(): number | null;
  stop(): Promise<void>;
}

export async function startServer(file: string, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await portOf(child, file);
  return {
    port,
    cpu: () => cpuOf(child.pid ?? 0),
    stop: async () => {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
    },
  };
}

/** Runs a program to its end; rejects when it fails. */
export async function runToEnd(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
}

function portOf(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it listened`)));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { port } = JSON.parse(line) as { port?: number };
      if (port !== undefined) resolve(port);
    });
  });
}

function cpuOf(pid: number): number | null {
  try {
    // After the name, which is in parentheses and may hold anything: utime and stime are the 14th and 15th field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  } catch {
    return null;
  }
}
