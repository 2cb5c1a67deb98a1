import { expect, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { openReplica, type Replica } from '../src/replica.ts';
import { ask } from './ask.ts';
import type { Servers } from './servers.ts';

export interface TestReplica extends Replica {
  readonly url: string;
  readonly internal: string;
}

/** The environment of a replica beside these servers, on free ports of loopback. */
export function environment(servers: Servers, name: string, env: Readonly<Record<string, string>> = {}) {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    INTERNAL_PORT: '0',
    REPLICA_NAME: name,
    REDIS_URL: servers.redis.url,
    DATABASE_URL: servers.postgres.url,
    LOG_LEVEL: 'silent',
    ...env,
  };
}

/** Opens a replica in this process, and returns when it is ready. */
export async function openTestReplica(
  servers: Servers,
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TestReplica> {
  const config = readConfig(environment(servers, name, env));
  const replica = await openReplica(config, name, createLog(config.logLevel, name));
  const url = `http://127.0.0.1:${replica.port}`;
  const internal = `http://127.0.0.1:${replica.internalPort}`;
  await vi.waitFor(async () => expect((await ask(`${url}/readyz`)).status).toBe(200), {
    timeout: 20_000,
    interval: 10,
  });
  return { ...replica, url, internal };
}

/** Waits until the epoch's quarantine is over, as nothing is cached before. */
export async function quarantineOver({ internal }: { readonly internal: string }): Promise<void> {
  const left = async () => (await ask(`${internal}/internal/status`)).json.partitions[0]?.quarantineMs;
  await vi.waitFor(async () => expect(await left()).toBe(0), { timeout: 20_000, interval: 50 });
}
