/**
 * What a console can do to a cluster over the control socket of its launcher, with stand-ins for replicas and console:
 * faults of links, signals, another protocol. All of it is undone when the session ends, however it ends.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../src/cluster.ts';
import { type ControlSession, connectCluster, type Fault, type Status } from '../src/control/index.ts';
import { openCluster } from '../src/start-cluster.ts';
import { alive, pidsOf } from './launcher.ts';
import { Load } from './load.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url));
const BLACKHOLE: Fault = { kind: 'blackhole' };

let cluster: LocalCluster;
let socket: string;
let session: ControlSession;
const reports: string[] = [];
const seen = new Set<number>();

beforeAll(async () => {
  const opened = await openCluster({
    ...{ replicaCommand: [fixture('replica')], consoleCommand: [fixture('console')], migrateCommand: null },
    ...{ replicas: 2, links: true, console: true, report: (message: string) => reports.push(message) },
  });
  cluster = opened.cluster;
  socket = join(opened.folder, 'control/s');
});

beforeEach(async () => {
  session = await connectCluster(socket);
});

afterEach(() => session.close());

afterAll(async () => {
  for (const pid of pidsOf(await cluster.status())) seen.add(pid);
  seen.add((await consoleSays()).pid);
  const last = await connectCluster(socket);
  await cluster.stop();
  await last.closed;
  expect(alive([...seen])).toEqual([]);
  await expect(last.status()).rejects.toMatchObject({ code: 'E_CLUSTER_CONTROL' });
  await expect(connectCluster(socket)).rejects.toMatchObject({ code: 'E_CLUSTER_NONE' });
});

const faultOf = (replica: string, role: 'command' | 'bus' | 'origin') => cluster.link(replica, role).fault;
const states = ({ replicas }: Status) => replicas.map(({ name, state }) => `${name} ${state}`);

async function protocols(): Promise<string[]> {
  const { replicas } = await cluster.status();
  const envs = replicas.map(
    async ({ url }) => (await fetch(`${url}/env`)).json() as Promise<{ env: NodeJS.ProcessEnv }>,
  );
  return (await Promise.all(envs)).map(({ env }) => env.CACHE_PROTOCOL ?? '');
}

async function consoleSays(): Promise<{ pid: number; env: NodeJS.ProcessEnv }> {
  const { console: page } = await cluster.status();
  return (await (await fetch(`${page}/env`)).json()) as { pid: number; env: NodeJS.ProcessEnv };
}

describe('links', () => {
  test('are put into a fault and healed, each by itself', async () => {
    await session.link('api-1', 'bus', BLACKHOLE);
    await session.link('api-2', 'origin', { kind: 'latency', ms: 5 });
    const broken = (await session.links()).filter(({ fault }) => fault !== null);
    expect(broken).toEqual([
      { replica: 'api-1', role: 'bus', fault: BLACKHOLE, connections: expect.any(Number), lost: 0 },
      { replica: 'api-2', role: 'origin', fault: { kind: 'latency', ms: 5 }, connections: expect.any(Number), lost: 0 },
    ]);
    expect(await session.links()).toHaveLength(6);
    await session.link('api-1', 'bus', null);
    expect([faultOf('api-1', 'bus'), faultOf('api-2', 'origin')?.kind]).toEqual([null, 'latency']);
  });

  test('are healed when the session ends, and not before', async () => {
    const other = await connectCluster(socket);
    await session.link('api-1', 'bus', BLACKHOLE);
    await other.link('api-2', 'bus', BLACKHOLE);
    other.close();
    await expect.poll(() => faultOf('api-2', 'bus')).toBeNull();
    expect(faultOf('api-1', 'bus')).toEqual(BLACKHOLE);
    session.close();
    await expect.poll(() => faultOf('api-1', 'bus')).toBeNull();
  });

  test('that two have broken are healed by the end of the second only', async () => {
    const other = await connectCluster(socket);
    await session.link('api-1', 'bus', BLACKHOLE);
    await other.link('api-1', 'bus', { kind: 'down' });
    session.close();
    await session.closed;
    // An order of the same link, behind whatever the end of the first did to it.
    await other.link('api-1', 'command', null);
    expect(faultOf('api-1', 'bus')).toEqual({ kind: 'down' });
    other.close();
    await expect.poll(() => faultOf('api-1', 'bus')).toBeNull();
  });

  test('are healed when a console is killed; it comes back by itself', async () => {
    const { pid, env } = await consoleSays();
    seen.add(pid);
    const { url, console: page, redis, postgres } = await cluster.status();
    expect(env).toMatchObject({
      CONSOLE_HOST: '127.0.0.1',
      CONSOLE_PORT: new URL(page ?? '').port,
      CONSOLE_CLUSTER: url,
      CONTROL_SOCKET: socket,
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
    });
    await fetch(`${page}/link`, { method: 'POST' });
    expect(faultOf('api-1', 'bus')).toEqual(BLACKHOLE);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => faultOf('api-1', 'bus')).toBeNull();
    await expect.poll(() => reports.at(-1)).toBe('console serves again');
    expect((await consoleSays()).pid).not.toBe(pid);
    expect((await cluster.status()).console).toBe(page);
  });
});

describe('signals', () => {
  test('a stopped replica is paused in the status, at once, until it goes on', async () => {
    await session.signal('api-2', 'SIGSTOP');
    const paused = await session.status();
    expect(states(paused)).toEqual(['api-1 ready', 'api-2 unreachable']);
    expect(paused.replicas.map((replica) => replica.paused)).toEqual([undefined, true]);
    await session.signal('api-2', 'SIGCONT');
    await expect.poll(async () => states(await session.status())).toEqual(['api-1 ready', 'api-2 ready']);
    expect((await session.status()).replicas[1]).not.toHaveProperty('paused');
  });

  test('a stopped replica goes on when the session ends', async () => {
    await session.signal('api-2', 'SIGSTOP');
    session.close();
    await expect.poll(async () => states(await cluster.status())).toEqual(['api-1 ready', 'api-2 ready']);
  });

  test('a stopped replica that is restarted is a new one, which goes', async () => {
    const before = await session.status();
    await session.signal('api-2', 'SIGSTOP');
    const after = await session.restart('api-2', { kill: true });
    expect(after.replicas[1]).toEqual({ ...before.replicas[1], pid: expect.any(Number) });
    expect(after.replicas[1]?.pid).not.toBe(before.replicas[1]?.pid);
  });

  test('a killed replica comes back by itself', async () => {
    const before = await session.status();
    await session.signal('api-1', 'SIGKILL');
    await expect.poll(() => reports.at(-1)).toBe('api-1 serves again');
    expect((await session.status()).replicas[0]?.pid).not.toBe(before.replicas[0]?.pid);
  });
});

describe('protocol', () => {
  test('is switched one replica after the other, without a failed request, and back when the session ends', async () => {
    const load = new Load(cluster.url);
    const before = await cluster.status();
    const naive = await session.protocol('naive');
    expect(states(naive)).toEqual(['api-1 ready', 'api-2 ready']);
    expect(naive.settings).toEqual({ ...before.settings, protocol: 'naive' });
    expect(await protocols()).toEqual(['naive', 'naive']);
    // Who starts meanwhile speaks it too.
    await session.scale(3);
    expect(await protocols()).toEqual(['naive', 'naive', 'naive']);
    session.close();
    await expect.poll(async () => (await cluster.status()).settings.protocol).toBe('guarded');
    await cluster.scale(2);
    expect(await protocols()).toEqual(['guarded', 'guarded']);
    await load.more(50);
    expect(await load.end()).toEqual([]);
  });

  test('is switched back also when the session ends in the middle of it', async () => {
    const switched = session.protocol('naive');
    switched.catch(() => undefined);
    await expect.poll(async () => (await cluster.status()).settings.protocol).toBe('naive');
    session.close();
    await expect(switched).rejects.toMatchObject({ code: 'E_CLUSTER_CONTROL' });
    await expect.poll(async () => (await cluster.status()).settings.protocol, { timeout: 60_000 }).toBe('guarded');
    await cluster.scale(2);
    expect(await protocols()).toEqual(['guarded', 'guarded']);
  });

  test('that is spoken already restarts nobody', async () => {
    const before = await session.status();
    expect(await session.protocol('guarded')).toEqual(before);
  });
});

test('the status is told when it has changed', async () => {
  const told: string[][] = [];
  const stop = session.watch((status) => told.push(states(status)), 10);
  await expect.poll(() => told).toEqual([['api-1 ready', 'api-2 ready']]);
  await session.signal('api-2', 'SIGSTOP');
  await expect.poll(() => told.at(-1)).toEqual(['api-1 ready', 'api-2 unreachable']);
  stop();
  const length = told.length;
  await session.signal('api-2', 'SIGCONT');
  await expect.poll(async () => states(await session.status())).toEqual(['api-1 ready', 'api-2 ready']);
  expect(told).toHaveLength(length);
});

describe('what cannot be is refused, with the reason', () => {
  test.each<[string, () => Promise<unknown>, string, string]>([
    [
      'a replica that is not there',
      () => session.link('api-9', 'bus', null),
      'E_CLUSTER_NO_MEMBER',
      'no replica api-9',
    ],
    ['no replica', () => session.signal('redis', 'SIGSTOP'), 'E_CLUSTER_NO_MEMBER', 'no replica redis'],
    ['a role', () => session.link('api-1', 'data' as 'bus', null), 'E_CLUSTER_OPTIONS', 'command, bus or origin'],
    ['a fault', () => session.link('api-1', 'bus', {} as Fault), 'E_CLUSTER_OPTIONS', 'there is down, reset'],
    [
      'losses of commands',
      () => session.link('api-1', 'command', { kind: 'lose', share: 1 }),
      'E_CLUSTER_OPTIONS',
      'on the bus only',
    ],
    ['a signal', () => session.signal('api-1', 'SIGTERM' as 'SIGSTOP'), 'E_CLUSTER_OPTIONS', 'SIGSTOP, SIGCONT or'],
    ['a protocol', () => session.protocol('brave' as 'naive'), 'E_CLUSTER_OPTIONS', 'guarded or naive'],
    ['a number', () => session.scale(0), 'E_CLUSTER_OPTIONS', '1 to 16'],
  ])('%s', async (_what, order, code, words) => {
    await expect(order()).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect((await session.links()).filter(({ fault }) => fault !== null)).toEqual([]);
  });

  async function told(line: string): Promise<string> {
    const client = connect(socket);
    client.write(`${line}\n`);
    const [reply] = (await once(client, 'data')) as [Buffer];
    client.destroy();
    return String(reply);
  }

  test('a fault outside of a session, which nobody would undo', async () => {
    const order = { command: 'link', replica: 'api-1', role: 'bus', fault: BLACKHOLE };
    expect(await told(JSON.stringify(order))).toContain('at whose end it is undone');
    expect(faultOf('api-1', 'bus')).toBeNull();
  });

  test('words that are none end the session of who says them, and no other', async () => {
    const client = connect(socket).on('error', () => undefined);
    client.write('{"command":"session"}\n');
    await once(client, 'data');
    client.write('gibberish\n');
    await once(client, 'close');
    expect(states(await session.status())).toEqual(['api-1 ready', 'api-2 ready']);
  });

  test('more orders at a time than are obeyed', async () => {
    const orders = Array.from({ length: 80 }, () => session.status());
    const settled = await Promise.allSettled(orders);
    const refused = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'E_CLUSTER_BUSY' });
    expect(settled.length - refused.length).toBeGreaterThanOrEqual(64);
  });
});
