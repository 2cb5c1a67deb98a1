import { type Cluster, type LocalCluster, startCluster } from '@lockstep/cluster';
import type { Control } from '../src/cluster/control.ts';
import { byControl } from '../src/cluster/discovery.ts';
import { type Console, openConsole } from '../src/console.ts';

/** What a session with the launcher of this cluster could do, done within this process. */
function controlOf(cluster: LocalCluster): Control {
  return {
    status: () => cluster.status(),
    scale: (replicas) => cluster.scale(replicas),
    restart: (name, options) => cluster.restart(name, options),
    link: async (replica, role, fault) => {
      const link = cluster.link(replica, role);
      await (fault === null ? link.heal() : link.fail(fault));
    },
    signal: (name, signal) => cluster.signal(name, signal),
    protocol: (protocol) => cluster.protocol(protocol),
  };
}

export interface Shown {
  readonly cluster: Cluster;
  readonly console: Console;
  close(): Promise<void>;
}

/** A cluster with links, and a console that shows it. */
export async function showCluster({ replicas = 2, rps = 120, writesPercent = 5 } = {}): Promise<Shown> {
  const cluster = await startCluster({ replicas, links: true, env: { LOG_LEVEL: 'error' } });
  try {
    const { postgres, redis } = await cluster.status();
    const control = controlOf(cluster);
    const shown = await openConsole({
      host: '127.0.0.1',
      port: 0,
      hosts: [],
      clusterUrl: cluster.url,
      discovery: byControl(control),
      control,
      databaseUrl: postgres.url ?? '',
      redisUrl: redis.url,
      backend: 'processes',
      rps,
      writesPercent,
      seed: 1,
    });
    const close = async () => {
      await shown.close();
      await cluster.stop();
    };
    return { cluster, console: shown, close };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
