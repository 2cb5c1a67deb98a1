import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, startRedisServer } from '@lockstep/cluster/servers';
import { Redis } from 'ioredis';
import { partitionNames } from '../src/redis/names.ts';

/** A Redis of the test's own, and its folder, which goes with it. */
export async function startRedis(): Promise<RunningServer & { readonly client: Redis }> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-cache-'));
  const server = await startRedisServer(folder);
  const client = new Redis(server.url, { retryStrategy: () => 25 });
  client.on('error', () => undefined);
  return {
    url: server.url,
    socket: server.socket,
    get pid() {
      return server.pid;
    },
    restart: (how) => server.restart(how),
    client,
    stop: async () => {
      client.disconnect();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes the present epoch an old one, so that a test that is not about the quarantine need not wait for its end. */
export async function endQuarantine(client: Redis): Promise<void> {
  await client.hset(partitionNames('lockstep', 0).meta, 'since', 1);
}
