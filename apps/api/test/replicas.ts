import { expect, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { openReplica, type Replica } from '../src/replica.ts';
import { ask } from './ask.ts';
import { type Servers, WAIT } from './servers.ts';

export interface TestReplica extends Replica {
  readonly url: string;
  readonly internal: string;
}

/** S of `PATIENT`, ms. */
export const PATIENT_MS = 10_000;

/**
 * A long bound and the usual beats and rounds, for tests of where an answer comes from and not of the bound: a machine that
 * stands still for a second must not turn hits into loads.
 */
export const PATIENT = {
  CACHE_STALENESS_MS: String(PATIENT_MS),
  CACHE_BEAT_MS: '250',
  CACHE_RELAY_MS: '100',
};

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
  await vi.waitFor(async () => expect((await ask(`${url}/readyz`)).status).toBe(200), WAIT);
  return { ...replica, url, internal };
}

/** Waits until the epoch's quarantine is over, as nothing is cached before. */
export async function quarantineOver({ internal }: { readonly internal: string }): Promise<void> {
  const left = async () => (await ask(`${internal}/internal/status`)).json.partitions[0]?.quarantineMs;
  await vi.waitFor(async () => expect(await left()).toBe(0), { ...WAIT, interval: 50 });
}

/**
 * Waits until no relay invalidates again what was written before: every row is marked, and rounds that were under way then
 * have ended. Until then a value that was just stored may go again:
 *   1: a write is acknowledged   2: a relay looks once more, and its row is not marked yet   3: its writer marks it
 *   4: a read stores the new value   5: the relay invalidates.
 */
export async function relaysAtRest({ sql }: Servers, ...replicas: readonly TestReplica[]): Promise<void> {
  const undone = 'SELECT id FROM outbox WHERE NOT EXISTS (SELECT FROM outbox_done WHERE outbox_id = outbox.id)';
  await vi.waitFor(async () => expect(await sql(undone)).toEqual([]), WAIT);
  for (const { internal } of replicas) {
    const rounds = async () => (await ask(`${internal}/internal/status`)).json.counters.relayRounds;
    const before = await rounds();
    // The first of them may have begun before.
    await vi.waitFor(async () => expect(await rounds()).toBeGreaterThanOrEqual(before + 2), WAIT);
  }
}
