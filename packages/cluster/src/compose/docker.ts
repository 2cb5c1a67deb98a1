import { spawn } from 'node:child_process';
import { ClusterError, hasCode } from '../errors.ts';
import { DOCKER_OUTPUT_BYTES, DOCKER_REPORT_LINES, ENGINE_ANSWER_MS, ENGINE_LOOK_MS } from '../limits.ts';

export interface DockerOptions {
  /** More of its environment, or less: an undefined variable is taken away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly limitMs?: number;
  /** Ends the command; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one `docker` command in a process group of its own, as a terminal's Ctrl-C is for the launcher alone, and answers
 * what it wrote to standard output. Throws E_CLUSTER_ENGINE with the end of what it said when it fails or takes too long.
 */
export async function docker(args: readonly string[], options: DockerOptions = {}): Promise<string> {
  const { env = {}, limitMs = ENGINE_ANSWER_MS, signal } = options;
  signal?.throwIfAborted();
  const child = spawn('docker', args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out = (said.out + text).slice(-DOCKER_OUTPUT_BYTES);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err = (said.err + text).slice(-DOCKER_OUTPUT_BYTES);
  });
  const end = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', end, { once: true });
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, limitMs);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal?.throwIfAborted();
    if (code === 0) return said.out;
    throw failure(
      args,
      late ? `did not end within ${limitMs} ms` : `ended with exit code ${code}`,
      said.err || said.out,
    );
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    throw new ClusterError('E_CLUSTER_ENGINE', 'there is no docker on this machine: install Docker with Compose', {
      cause: error,
    });
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', end);
  }
}

function failure(args: readonly string[], how: string, said: string): ClusterError {
  const lines = said.trim().split('\n').slice(-DOCKER_REPORT_LINES).join('\n');
  return new ClusterError('E_CLUSTER_ENGINE', `docker ${args.join(' ')} ${how}; the end of what it said:\n${lines}`);
}

/** What is missing for containers, in a line; null when an engine answers and Compose is there. */
export async function engineProblem(): Promise<string | null> {
  try {
    await docker(['version', '--format', '{{.Server.Version}}'], { limitMs: ENGINE_LOOK_MS });
    await docker(['compose', 'version', '--short'], { limitMs: ENGINE_LOOK_MS });
    return null;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return error.message.split('\n').at(-1) ?? error.message;
  }
}
