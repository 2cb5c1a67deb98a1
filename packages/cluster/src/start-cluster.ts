import type { Cluster, LocalCluster } from './cluster.ts';
import type { ControlServer } from './control/server.ts';
import { ClusterError } from './errors.ts';
import { type ClusterOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { openKeep, temporaryKeep } from './processes/keep.ts';
import { Logs } from './processes/logs.ts';
import { CONSOLE_PORT, holdPublicPort, takePorts } from './processes/ports.ts';
import { type Holdings, ProcessCluster } from './processes/process-cluster.ts';
import { findPrograms, type Programs } from './processes/programs.ts';
import { checkoutFolder } from './run/base.ts';
import { openInstance, removeLeftovers } from './run/instance.ts';

/** What `openCluster` gives: a cluster, and where its orders are taken. */
export interface OpenedCluster {
  readonly cluster: Cluster | LocalCluster;
  /** In which the launcher opens its control socket. */
  readonly folder: string;
  /** Already open where there is a console, which gives orders too; it ends with the cluster. */
  readonly control: ControlServer | null;
}

/**
 * Starts a cluster of processes on this machine and returns when it serves: every replica ready, the first quarantine
 * over. Whoever starts it stops it; when it fails, nothing is left.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<LocalCluster> {
  return (await openCluster(options)).cluster;
}

/** As `startCluster`; removes first what a killed launcher of this checkout has left. */
export async function openCluster(
  options: ClusterOptions = {},
): Promise<OpenedCluster & { readonly cluster: LocalCluster }> {
  const resolved = resolveOptions(options);
  const programs = presentPrograms();
  const checkout = checkoutFolder();
  for (const { name, pid } of await removeLeftovers(checkout)) {
    resolved.report(`ended ${name} (pid ${pid}), which a former launcher had left`);
  }
  const holdings = await hold(resolved, programs, checkout);
  const cluster = new ProcessCluster(resolved, holdings);
  await cluster.start();
  return { cluster, folder: holdings.instance.folder, control: cluster.control };
}

function presentPrograms(): Programs {
  const { redis, nginx } = findPrograms();
  if (redis !== null && nginx !== null) return { redis, nginx };
  const missing = [...(redis === null ? ['redis-server or valkey-server'] : []), ...(nginx === null ? ['nginx'] : [])];
  throw new ClusterError(
    'E_CLUSTER_MISSING',
    `${missing.join(' and ')}: not on this machine; \`npm start\` says how to get it`,
  );
}

/** Takes what a cluster needs before its first process; gives all of it back when one thing cannot be had. */
async function hold(resolved: ResolvedOptions, programs: Programs, checkout: string): Promise<Holdings> {
  const instance = openInstance(checkout);
  const undo: (() => void | Promise<void>)[] = [() => instance.close()];
  try {
    const keep = resolved.keep === null ? temporaryKeep(instance.folder) : openKeep(resolved.keep);
    undo.push(() => keep.release());
    const ports = await takePorts();
    undo.push(() => ports.release());
    const publicPort = await holdPublicPort(resolved.port, ports.spare);
    undo.push(() => publicPort.release());
    const { console: wished } = resolved;
    const consolePort = wished && (await holdPublicPort(wished.port, ports.consoleSpare, CONSOLE_PORT));
    const logs = new Logs(`${instance.folder}/logs`, resolved.showLine);
    return { instance, keep, ports, publicPort, consolePort, logs, programs };
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}
