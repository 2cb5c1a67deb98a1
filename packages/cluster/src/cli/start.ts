import { resolve } from 'node:path';
import { engineProblem } from '../compose/docker.ts';
import { openComposeCluster } from '../compose/open-compose-cluster.ts';
import { serveControl } from '../control/server.ts';
import { ensurePrograms } from '../install/ensure-programs.ts';
import type { ClusterOptions } from '../options.ts';
import { within } from '../processes/child.ts';
import { findPrograms } from '../processes/programs.ts';
import { reportToStderr } from '../report.ts';
import { type OpenedCluster, openCluster } from '../start-cluster.ts';
import type { StartInvocation } from './arguments.ts';
import { interruption } from './interruption.ts';
import { describeStatus, prefixedLines, whatToTry } from './words.ts';

const say = reportToStderr;
const FAREWELL_MS = 100;

/** Runs a cluster in the foreground until a signal, or an order from another terminal, ends it. */
export async function runStart(invocation: StartInvocation, overrides: ClusterOptions = {}): Promise<void> {
  const interrupt = interruption();
  try {
    const opened = await openOn(await backendOf(invocation), invocation, {
      ...clusterOptions(invocation, interrupt),
      ...overrides,
      signal: interrupt,
    });
    await runUntil(opened, invocation.json, interrupt);
  } catch (error) {
    // An end that was asked for is no failure, wherever it met us; what was started is gone by now.
    if (!interrupt.aborted || error !== interrupt.reason) throw error;
  }
}

/** Processes, unless their programs are missing and containers can be had. */
async function backendOf({ backend }: StartInvocation): Promise<'processes' | 'compose'> {
  if (backend !== 'auto') return backend;
  const { redis, nginx } = findPrograms();
  if (redis !== null && nginx !== null) return 'processes';
  return (await engineProblem()) === null ? 'compose' : 'processes';
}

async function openOn(
  backend: 'processes' | 'compose',
  { install, replicas }: StartInvocation,
  options: ClusterOptions & { readonly signal: AbortSignal },
): Promise<OpenedCluster> {
  if (backend === 'processes') {
    await ensurePrograms({ install, say, signal: options.signal });
    say(`starting Postgres, Redis, nginx and ${replicas} replicas`);
    return openCluster({ ...options, links: true });
  }
  say(`building and starting Postgres, Redis, nginx and ${replicas} replicas in containers`);
  return openComposeCluster(options);
}

async function runUntil(opened: OpenedCluster, json: boolean, interrupt: AbortSignal): Promise<void> {
  const { cluster, folder } = opened;
  try {
    const control = opened.control ?? (await serveControl(cluster, folder, say));
    const status = await cluster.status();
    process.stdout.write(
      json
        ? `${JSON.stringify(status)}\n`
        : `The cluster is up.\n\n${describeStatus(status)}\n\n${whatToTry(status.url)}\n\nCtrl-C ends it.\n`,
    );
    await Promise.race([control.stopped, aborted(interrupt)]);
    say(interrupt.aborted ? 'stopping' : 'stopped by an order');
    await cluster.stop();
    // Orders that waited have been told; somebody who is connected and says nothing is not waited for.
    await within(control.close(), FAREWELL_MS);
  } finally {
    await cluster.stop();
  }
}

function clusterOptions(invocation: StartInvocation, signal: AbortSignal): ClusterOptions {
  const { replicas, port, keep, protocol, writes, stalenessMs, logs, console: wished, consolePort } = invocation;
  return {
    replicas,
    port,
    console: wished,
    consolePort,
    protocol,
    writes,
    signal,
    env: passedOn(process.env),
    // Relative to where the user is, which npm changes to the root of the checkout.
    ...(keep === null ? {} : { keep: resolve(process.env.INIT_CWD ?? process.cwd(), keep) }),
    ...(stalenessMs === null ? {} : { stalenessMs }),
    ...(logs ? { showLine: prefixedLines(process.stderr.isTTY && process.env.NO_COLOR === undefined) } : {}),
  };
}

/** What of our environment is meant for the replicas. */
export function passedOn(env: NodeJS.ProcessEnv): Record<string, string> {
  const ours = Object.entries(env).filter(([name]) => name.startsWith('CACHE_') || name === 'LOG_LEVEL');
  return Object.fromEntries(ours.map(([name, value]) => [name, value ?? '']));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
