import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from '@lockstep/cluster';
import { LoadtestError } from './errors.ts';

/** The running cluster, as a load test needs it. */
export interface Target {
  /** nginx. */
  readonly url: string;
  /** Where sessions hop: nginx, and the replicas where they can be reached past it. */
  readonly targets: readonly string[];
  /** S, ms. */
  readonly boundMs: number;
  /** Null where it cannot be asked. */
  readonly protocol: string | null;
  replicas(): Promise<number>;
  scale(replicas: number): Promise<void>;
}

export const CHECKOUT = join(import.meta.dirname, '../..');
/** Where docker-compose.yml publishes nginx, and the port unless LOCKSTEP_PORT says another one. */
const COMPOSE_HOST = 'http://127.0.0.1';
const COMPOSE_PORT = '8080';
const ANSWER_MS = 5_000;
/** How long the container engine may take to start or drain replicas. */
const COMPOSE_MS = 180_000;

/** A cluster of processes, in this process or of `npm start`. */
export async function clusterTarget(cluster: Cluster): Promise<Target> {
  const { url, replicas, settings } = await cluster.status();
  const direct = replicas.flatMap((replica) => (replica.url === null ? [] : [replica.url]));
  return {
    url,
    targets: [url, ...direct],
    boundMs: settings.stalenessMs,
    protocol: settings.protocol,
    replicas: async () => (await cluster.status()).replicas.length,
    scale: async (count) => {
      await cluster.scale(count);
    },
  };
}

/** The cluster in containers: of its replicas only what nginx passes on can be seen. */
export async function composeTarget(): Promise<Target> {
  const url = `${COMPOSE_HOST}:${process.env.LOCKSTEP_PORT || COMPOSE_PORT}`;
  const boundMs = await boundOf(url);
  return {
    url,
    targets: [url],
    boundMs,
    protocol: null,
    replicas: async () => (await compose('ps', '--quiet', 'api')).split('\n').filter((id) => id !== '').length,
    scale: async (count) => {
      await compose('up', '--detach', '--no-recreate', '--scale', `api=${count}`);
    },
  };
}

/** S, as each answer tells it; throws E_LOADTEST_NOTHING when there is no answer. */
async function boundOf(url: string): Promise<number> {
  let proof: string | null;
  try {
    const answer = await fetch(`${url}/products?limit=1`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await answer.text();
    proof = answer.headers.get('x-cache-proof');
  } catch (cause) {
    const what = `nothing answers at ${url}: \`docker compose up -d --build --wait\` starts the cluster in containers`;
    throw new LoadtestError('E_LOADTEST_NOTHING', what, { cause });
  }
  const bound = /bound=(\d+)/.exec(proof ?? '')?.[1];
  if (bound !== undefined) return Number(bound);
  const what = `what answers at ${url} is no cluster of ours, or it is not ready: its answer has no X-Cache-Proof`;
  throw new LoadtestError('E_LOADTEST_NOTHING', what);
}

async function compose(...args: readonly string[]): Promise<string> {
  try {
    const options = { cwd: CHECKOUT, timeout: COMPOSE_MS };
    return (await promisify(execFile)('docker', ['compose', ...args], options)).stdout;
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new LoadtestError('E_LOADTEST_COMPOSE', `docker compose ${args.join(' ')} has failed: ${said}`, { cause });
  }
}
