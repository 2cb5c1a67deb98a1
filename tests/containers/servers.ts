import { join } from 'node:path';
import type { OutsideServer, OutsideServers } from '@lockstep/cluster';
import { takePort } from '@lockstep/cluster/servers';
import { GenericContainer, type StartedTestContainer } from 'testcontainers';
import { docker } from '../../packages/cluster/src/compose/docker.ts';

/** Redis 8 and Postgres 18 as public images, empty, each on a port of this machine that it keeps when it is restarted. */
export async function startServers(): Promise<OutsideServers> {
  const [redis, postgres] = await Promise.allSettled([
    serverOf(redisContainer, (port) => `redis://default:${PASSWORD}@127.0.0.1:${port}`),
    serverOf(postgresContainer, (port) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/lockstep`),
  ]);
  if (redis.status === 'fulfilled' && postgres.status === 'fulfilled') {
    return { redis: redis.value, postgres: postgres.value };
  }
  for (const one of [redis, postgres]) if (one.status === 'fulfilled') await one.value.close();
  throw redis.status === 'rejected' ? redis.reason : (postgres as PromiseRejectedResult).reason;
}

const PASSWORD = 'secret';
const REDIS_CONF = '/etc/lockstep/compose.conf';

function redisContainer(port: number): GenericContainer {
  return new GenericContainer('redis:8')
    .withExposedPorts({ container: 6_379, host: port })
    .withCopyFilesToContainer([
      { source: join(import.meta.dirname, '../../infra/redis/compose.conf'), target: REDIS_CONF },
    ])
    .withCopyContentToContainer([
      { content: `user default on >${PASSWORD} ~* &* +@all\n`, target: '/run/secrets/redis-users' },
    ])
    .withCommand(['redis-server', REDIS_CONF]);
}

function postgresContainer(port: number): GenericContainer {
  return new GenericContainer('postgres:18')
    .withExposedPorts({ container: 5_432, host: port })
    .withEnvironment({ POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: 'lockstep' })
    .withCommand(['postgres', '-cmax_connections=512', '-cfsync=off', '-cjit=off']);
}

/** The container's own wait, until its port answers, is what "serves" means here; `docker start` has none. */
async function serverOf(
  describe: (port: number) => GenericContainer,
  urlOf: (port: number) => string,
): Promise<OutsideServer> {
  const { port, release } = await takePort();
  let container: StartedTestContainer;
  try {
    container = await describe(port).start();
  } catch (error) {
    await release();
    throw error;
  }
  const remove = () => docker(['rm', '--force', '--volumes', container.getId()]).then(() => undefined);
  return {
    url: urlOf(port),
    end: async (kill) => {
      await docker([kill ? 'kill' : 'stop', container.getId()]);
    },
    begin: async (loseData) => {
      if (!loseData) {
        // Twice started: it is down now, and `restart` is the one way back that waits for the port.
        await container.restart();
        return;
      }
      await remove();
      container = await describe(port).start();
    },
    close: async () => {
      await remove();
      await release();
    },
  };
}
