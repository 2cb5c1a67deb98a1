/**
 * A cluster within a test, with a stand-in for the replica: scaling, restarts of every kind of member and what is
 * promised for their return, and the links between a replica and what it uses.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../src/cluster.ts';
import { NGINX_PASSES_OVER_MS } from '../src/limits.ts';
import { startCluster } from '../src/start-cluster.ts';
import type { ReplicaStatus, Status } from '../src/status.ts';
import { alive, pidsOf } from './launcher.ts';
import { ask, Load } from './load.ts';
import { redisSays } from './redis-says.ts';
import { sql } from './sql.ts';

const REPLICA = fileURLToPath(new URL('./fixtures/replica.ts', import.meta.url));
const STAND_IN = { replicaCommand: [REPLICA], migrateCommand: null };

let cluster: Cluster;
const reports: string[] = [];
const seen = new Set<number>();

beforeAll(async () => {
  cluster = await startCluster({
    ...STAND_IN,
    replicas: 2,
    links: true,
    env: { LOG_LEVEL: 'silent', CACHE_L1: 'lru', CACHE_DIE_AT_START: 'api-4' },
    report: (message) => reports.push(message),
  });
});

afterAll(async () => {
  for (const pid of pidsOf(await cluster.status())) seen.add(pid);
  await cluster.stop();
  expect(alive([...seen])).toEqual([]);
  await expect(cluster.scale(3)).rejects.toMatchObject({ code: 'E_CLUSTER_STOPPED' });
});

const states = ({ replicas }: Status) => replicas.map(({ name, state }) => `${name} ${state}`);
const portsOf = ({ replicas }: Status) => replicas.map(({ url, internal }) => [url, internal]);

async function partitionOf({ internal }: ReplicaStatus): Promise<{ epoch: string; quarantineMs: number }> {
  const status = (await (await fetch(`${internal}/internal/status`)).json()) as {
    partitions: [{ epoch: string; quarantineMs: number }];
  };
  return status.partitions[0];
}

test('a replica has the environment of the contract, and the caller’s', async () => {
  const [replica] = (await cluster.status()).replicas;
  const { env } = (await (await fetch(`${replica?.url}/env`)).json()) as { env: Record<string, string> };
  expect(env).toMatchObject({
    REPLICA_NAME: 'api-1',
    PORT: new URL(replica?.url ?? '').port,
    HOST: '127.0.0.1',
    INTERNAL_PORT: new URL(replica?.internal ?? '').port,
    INTERNAL_HOST: '127.0.0.1',
    REDIS_URL: cluster.link('api-1', 'command').url,
    REDIS_BUS_URL: cluster.link('api-1', 'bus').url,
    DATABASE_URL: cluster.link('api-1', 'origin').url,
    CACHE_PROTOCOL: 'guarded',
    CACHE_WRITES: 'bounded',
    CACHE_STALENESS_MS: '1000',
    CACHE_L1: 'lru',
    LOG_LEVEL: 'silent',
  });
});

test('links go to the servers by sockets that are closed to others, and ask for the password as well', async () => {
  const clients = await redisSays(cluster.link('api-1', 'command').url, 'CLIENT LIST');
  const socket = /addr=(\S+):0 .* cmd=client/.exec(clients)?.[1] ?? '';
  expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
  const origin = new URL(cluster.link('api-1', 'origin').url);
  expect(await sql(origin.href, 'SELECT inet_client_addr() AS address')).toEqual([{ address: null }]);
  const [shown] = (await sql(origin.href, 'SHOW unix_socket_directories')) as { unix_socket_directories: string }[];
  const folder = shown?.unix_socket_directories.replaceAll('"', '') ?? '';
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  origin.password = 'wrong';
  await expect(sql(origin.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});

describe('scale', () => {
  test('up starts the next numbers, down ends the highest, and without a failed request', async () => {
    const load = new Load(cluster.url);
    const before = await cluster.status();
    const up = await cluster.scale(3);
    expect(states(up)).toEqual([1, 2, 3].map((number) => `api-${number} ready`));
    await load.serves('api-3');
    const down = await cluster.scale(2);
    expect(portsOf(down)).toEqual(portsOf(before));
    expect(alive(pidsOf(up).slice(2, 3))).toEqual([]);
    await load.more(200);
    expect(await load.end()).toEqual([]);
  });

  test('up to one that cannot start fails with its words, and leaves what was there', async () => {
    await expect(cluster.scale(5)).rejects.toThrow(/^api-4 ended with exit code 7[\s\S]*told to die/);
    expect(states(await cluster.status())).toEqual(['api-1 ready', 'api-2 ready']);
  });

  test('is refused outside of 1 to 16', async () => {
    await expect(cluster.scale(0)).rejects.toMatchObject({ code: 'E_CLUSTER_OPTIONS' });
    await expect(cluster.scale(17)).rejects.toMatchObject({ code: 'E_CLUSTER_OPTIONS' });
  });
});

describe('restart', () => {
  test.each([false, true])('of a replica (kill: %s): another process at the same place', async (kill) => {
    const before = await cluster.status();
    const after = await cluster.restart('api-2', { kill });
    expect(states(after)).toEqual(['api-1 ready', 'api-2 ready']);
    expect(portsOf(after)).toEqual(portsOf(before));
    expect(after.replicas[1]?.pid).not.toBe(before.replicas[1]?.pid);
    expect(after.replicas[0]?.pid).toBe(before.replicas[0]?.pid);
  });

  test('of one replica after the other leaves nginx the time to turn to the first again', async () => {
    const [, second] = pidsOf(await cluster.status());
    const since = performance.now();
    const downMs = 1_500;
    await cluster.restart('api-1', { kill: true, downMs });
    const restarted = cluster.restart('api-2');
    await expect.poll(() => alive([second ?? 0]), { interval: 10 }).toEqual([]);
    expect(performance.now() - since).toBeGreaterThan(downMs + NGINX_PASSES_OVER_MS);
    await restarted;
  });

  test('leaves it down as long as it is told to, listed, with the ports it will have again', async () => {
    const before = await cluster.status();
    let down = before;
    const look = async () => {
      down = await cluster.status();
      return states(down);
    };
    // Longer than a machine stalls, and judged by the very status that was waited for: it is over at any time.
    const restarted = cluster.restart('api-2', { kill: true, downMs: 4_000 });
    await expect.poll(look).toEqual(['api-1 ready', 'api-2 down']);
    expect(portsOf(down)).toEqual(portsOf(before));
    expect(down.replicas[1]?.pid).toBeNull();
    expect(states(await restarted)).toEqual(['api-1 ready', 'api-2 ready']);
    // What was asked for is nothing to report.
    expect(reports).toEqual([]);
  });

  test('of Redis keeps the data, and returns when the quarantine of the new epoch is over', async () => {
    const { redis, replicas } = await cluster.status();
    await redisSays(redis.url ?? '', 'SET kept yes');
    const former = await Promise.all(replicas.map(partitionOf));
    const after = await cluster.restart('redis', { downMs: 100 });
    expect(after.redis.url).toBe(redis.url);
    expect(after.redis.pid).not.toBe(redis.pid);
    expect(await redisSays(redis.url ?? '', 'GET kept')).toContain('yes');
    for (const [index, replica] of after.replicas.entries()) {
      const { epoch, quarantineMs } = await partitionOf(replica);
      expect(epoch).not.toBe(former[index]?.epoch);
      expect(quarantineMs).toBe(0);
    }
  });

  test('of Redis without its data', async () => {
    const { redis } = await cluster.status();
    await redisSays(redis.url ?? '', 'SET kept yes');
    await cluster.restart('redis', { kill: true, loseData: true });
    expect(await redisSays(redis.url ?? '', 'EXISTS kept')).toContain(':0');
  });

  test('of Redis does not wait for a replica that is cut off from it', async () => {
    // Its link to Redis is down, so it stays in the epoch it knew; as it says "parked", it does not take part.
    const link = cluster.link('api-2', 'command');
    await link.fail({ kind: 'down' });
    const [, second] = (await cluster.status()).replicas;
    await expect.poll(async () => (await cluster.status()).replicas[1]?.state).toBe('parked');
    await cluster.restart('redis');
    await link.heal();
    await expect.poll(async () => (await partitionOf(second as ReplicaStatus)).quarantineMs).toBe(0);
  });

  test.each([false, true])('of Postgres (kill: %s) keeps the data', async (kill) => {
    const { postgres } = await cluster.status();
    const table = `kept_${kill}`;
    await sql(postgres.url, `CREATE TABLE ${table} AS SELECT 42 AS answer`);
    const after = await cluster.restart('postgres', { kill });
    expect(after.postgres.url).toBe(postgres.url);
    expect(after.postgres.pid).not.toBe(postgres.pid);
    expect(await sql(postgres.url, `SELECT answer FROM ${table}`)).toEqual([{ answer: 42 }]);
  });

  test.each([false, true])('of nginx (kill: %s) serves at the same URL', async (kill) => {
    const before = await cluster.status();
    const after = await cluster.restart('nginx', { kill });
    expect(after.url).toBe(before.url);
    expect(after.nginx.pid).not.toBe(before.nginx.pid);
    expect((await ask(after.url)).status).toBe(200);
  });

  test('of several members goes on at the same time, of one member one after the other', async () => {
    const before = await cluster.status();
    await Promise.all([
      cluster.restart('redis', { downMs: 300 }),
      cluster.restart('api-1', { kill: true }),
      cluster.restart('api-1'),
      cluster.restart('postgres'),
    ]);
    const after = await cluster.status();
    expect(states(after)).toEqual(['api-1 ready', 'api-2 ready']);
    expect(after.replicas[1]?.pid).toBe(before.replicas[1]?.pid);
    expect(reports).toEqual([]);
  });

  test('is refused for what is not there, and for what cannot be', async () => {
    await expect(cluster.restart('api-3')).rejects.toMatchObject({ code: 'E_CLUSTER_NO_MEMBER' });
    await expect(cluster.restart('toString')).rejects.toMatchObject({ code: 'E_CLUSTER_NO_MEMBER' });
    await expect(cluster.restart('api-1', { loseData: true })).rejects.toMatchObject({ code: 'E_CLUSTER_OPTIONS' });
    await expect(cluster.restart('api-1', { downMs: -1 })).rejects.toMatchObject({ code: 'E_CLUSTER_OPTIONS' });
  });
});

test('what dies unasked comes back by itself, whatever it is', async () => {
  const before = await cluster.status();
  for (const pid of pidsOf(before)) process.kill(pid, 'SIGKILL');
  await expect
    .poll(() => reports.filter((text) => text.endsWith(' serves again')), { timeout: 60_000 })
    .toHaveLength(5);
  const after = await cluster.status();
  expect(alive(pidsOf(after))).toHaveLength(5);
  expect(alive(pidsOf(before))).toEqual([]);
  expect((await ask(after.url)).status).toBe(200);
});

test('a link stands between one replica and one of its servers', async () => {
  expect(() => cluster.link('api-3', 'bus')).toThrow('no replica api-3');
  const ports = ['api-1', 'api-2'].flatMap((name) =>
    (['command', 'bus', 'origin'] as const).map((role) => cluster.link(name, role).port),
  );
  expect(new Set(ports).size).toBe(6);
  expect(await redisSays(cluster.link('api-1', 'bus').url, 'PING')).toContain('+PONG');
  expect(await sql(cluster.link('api-1', 'origin').url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
