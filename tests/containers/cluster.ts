/**
 * `@lockstep/cluster` as the suites of this folder see it (vitest.config.ts says so): every cluster has its Redis and
 * its Postgres in containers.
 */
import { type Cluster, type ClusterOptions, startCluster as start } from '../../packages/cluster/src/index.ts';
import { startServers } from './servers.ts';

export * from '../../packages/cluster/src/index.ts';

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const servers = await startServers();
  try {
    return await start({ ...options, servers });
  } catch (error) {
    await Promise.allSettled([servers.redis.close(), servers.postgres.close()]);
    throw error;
  }
}
