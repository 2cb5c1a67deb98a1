import { basename, join } from 'node:path';
import { ClusterError } from '../errors.ts';
import { type ClusterOptions, type ResolvedOptions, resolveOptions } from '../options.ts';
import { CONSOLE_PORT, holdPublicPort, NGINX_PORT, type PortUse } from '../processes/ports.ts';
import { CHECKOUT, checkoutFolder } from '../run/base.ts';
import { launcherOf, openInstance } from '../run/instance.ts';
import type { OpenedCluster } from '../start-cluster.ts';
import { Compose } from './compose.ts';
import { ComposeCluster } from './compose-cluster.ts';
import { docker, engineProblem } from './docker.ts';

/**
 * Starts a cluster of containers and returns when it serves; removes first what a killed launcher of this checkout has
 * left. It is a project of its own, so that one that was started by `docker compose up` is left alone, with its data.
 */
export async function openComposeCluster(options: ClusterOptions = {}): Promise<OpenedCluster> {
  const resolved = resolveOptions(options);
  const refused = notOffered(options);
  if (refused.length > 0) throw new ClusterError('E_CLUSTER_BACKEND', refused.join('\n'));
  const problem = await engineProblem();
  if (problem !== null) throw new ClusterError('E_CLUSTER_ENGINE', `the compose backend needs Docker: ${problem}`);
  const checkout = checkoutFolder();
  for (const project of await removeLeftovers()) {
    resolved.report(`removed the containers of ${project}, which a former launcher had left`);
  }
  const instance = openInstance(checkout);
  try {
    const port = await freePublicPort(resolved.port, NGINX_PORT);
    const consolePort = resolved.console && (await freePublicPort(resolved.console.port, CONSOLE_PORT));
    const compose = new Compose(projectOf(instance.folder), composeEnvironment(resolved, port, consolePort));
    const cluster = new ComposeCluster({ compose, port, consolePort, resolved, instance });
    await cluster.start();
    return { cluster, folder: instance.folder, control: null };
  } catch (error) {
    instance.close();
    throw error;
  }
}

/** A port that was free a moment ago, for the engine to listen on. */
async function freePublicPort(wish: number | null, use: PortUse): Promise<number> {
  const held = await holdPublicPort(wish, 0, use);
  await held.release();
  return held.port;
}

/** What of the options containers do not have, a line for each. */
export function notOffered(options: ClusterOptions): string[] {
  const { keep, links, showLine, servers, replicaCommand, consoleCommand } = options;
  const refused: readonly (readonly [unknown, string])[] = [
    [keep, 'the compose backend cannot keep data in a folder (--keep): it has volumes, which end with the cluster'],
    [showLine, 'the compose backend does not show logs (--logs): `docker compose -p PROJECT logs -f` does'],
    [links, 'the compose backend has no links: faults are for the processes backend'],
    [
      servers ?? replicaCommand ?? consoleCommand,
      'the compose backend starts what docker-compose.yml says, and nothing else',
    ],
  ];
  return refused.flatMap(([asked, why]) => (asked === undefined || asked === false ? [] : [why]));
}

/** What docker-compose.yml is told by its environment; without a port of its own there is no console. */
export function composeEnvironment(
  { env, settings }: ResolvedOptions,
  port: number,
  consolePort: number | null,
): Record<string, string> {
  return {
    ...env,
    LOCKSTEP_PORT: `127.0.0.1:${port}`,
    ...(consolePort === null ? { LOCKSTEP_CONSOLE: '0' } : { LOCKSTEP_CONSOLE_PORT: String(consolePort) }),
    CACHE_PROTOCOL: settings.protocol,
    CACHE_WRITES: settings.writes,
    CACHE_STALENESS_MS: String(settings.stalenessMs),
  };
}

const PROJECT = /^lockstep-(\d+)-([0-9a-f]{8})$/;

/** `lockstep-<pid of the launcher>-<its identity>`: what the folder of a cluster says too. */
function projectOf(folder: string): string {
  return `lockstep-${basename(folder).split('-').slice(0, 2).join('-')}`;
}

/** Removes the projects of this checkout whose launcher is gone, and answers their names. */
async function removeLeftovers(): Promise<string[]> {
  const listed = await docker(['compose', 'ls', '--all', '--format', 'json']);
  const projects = JSON.parse(listed) as { Name: string; ConfigFiles: string }[];
  const file = join(CHECKOUT, 'docker-compose.yml');
  const left = projects.filter(({ Name, ConfigFiles }) => {
    const [, pid, hash = ''] = PROJECT.exec(Name) ?? [];
    return pid !== undefined && ConfigFiles.split(',').includes(file) && launcherOf(Number(pid), hash) === null;
  });
  await Promise.all(left.map(({ Name }) => new Compose(Name).remove()));
  return left.map(({ Name }) => Name);
}
