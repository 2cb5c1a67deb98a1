/**
 * `npm start` from outside, with a stand-in for the replica: what it prints, which exit codes it has, that two stand
 * beside each other, and that nothing is left of it, however it ends.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { goFirst } from '../../../tests/lib/affinity.ts';
import { alive, pidsOf, START_MS, Terminal } from './launcher.ts';
import { redisSays } from './redis-says.ts';
import { sql } from './sql.ts';

/** What the contract promises for the end of everything. */
const STOP_LIMIT_MS = 3_000;

let terminal: Terminal;

beforeEach(() => {
  terminal = new Terminal();
});

afterEach(() => terminal.close());

describe('start', () => {
  test('prints one line of JSON once everything serves; its URLs log in, its pids are the processes', async () => {
    const { launched, status, pids } = await terminal.start();
    expect(launched.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(status.replicas.map(({ name, state }) => [name, state])).toEqual([
      ['api-1', 'ready'],
      ['api-2', 'ready'],
      ['api-3', 'ready'],
    ]);
    expect(status.console).toBeNull();
    expect(status.settings).toEqual({ protocol: 'guarded', writes: 'bounded', stalenessMs: 1000, beatMs: 250 });
    expect(alive(pids)).toEqual(pids);
    expect((await fetch(`${status.url}/anything`)).headers.get('x-served-by')).toMatch(/^api-[123]$/);
    expect(await redisSays(status.redis.url ?? '', 'PING')).toContain('+PONG');
    expect(await sql(status.postgres.url, 'SELECT current_user AS name')).toEqual([{ name: 'postgres' }]);
    expect(JSON.parse((await terminal.run('status', '--json')).stdout)).toEqual(status);
  });

  test('prints for people where it is and what to try', async () => {
    const launched = terminal.launch([
      '--port',
      '0',
      '--console-port',
      '0',
      '--replicas',
      '1',
      '--protocol',
      'naive',
      '--logs',
    ]);
    await expect.poll(() => launched.stdout, { timeout: START_MS }).toContain('Ctrl-C ends it.');
    expect(launched.stdout.match(/^ {2}curl .*\/products\/42/gm)).toHaveLength(3);
    expect(launched.stdout).toContain('naive protocol');
    expect(launched.stdout).toMatch(/^ {2}console {2,}http:\/\/127\.0\.0\.1:\d+ /m);
    await expect.poll(() => launched.stderr).toContain('api-1        | api-1 is here');
  });

  test('beside another takes other ports; --cluster names one of them', async () => {
    const [one, two] = await Promise.all([terminal.start('--replicas', '1'), terminal.start('--replicas', '1')]);
    const ports = (status: typeof one.status) =>
      [status.url, ...status.replicas.flatMap((r) => [r.url, r.internal]), status.redis.url, status.postgres.url].map(
        (url) => new URL(url ?? '').port,
      );
    expect(new Set([...ports(one.status), ...ports(two.status)]).size).toBe(10);
    const unnamed = await terminal.run('status');
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toContain(one.status.url);
    expect(unnamed.stderr).toContain(two.status.url);
    const local = two.status.url.replace('127.0.0.1', 'localhost');
    expect(JSON.parse((await terminal.run('status', '--json', '--cluster', local)).stdout).url).toBe(two.status.url);
    expect((await terminal.run('stop', '--cluster', one.status.url)).code).toBe(0);
    expect((await one.launched.ended).code).toBe(0);
    expect((await terminal.run('status', '--cluster', one.status.url)).code).toBe(3);
    expect((await terminal.run('status')).code).toBe(0);
  });

  test('fails with the reason when a replica ends before it is ready, and leaves nothing', async () => {
    const launched = terminal.launch(['--port', '0', '--no-console'], { CACHE_DIE_AT_START: 'api-2' });
    const { code, stdout, stderr } = await launched.ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('api-2 ended with exit code 7');
    expect(stderr).toContain('the fixture was told to die');
    expect(terminal.leftovers()).toEqual([]);
  });

  test('fails when the port asked for is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await terminal.run('--port', String(port));
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} is taken`);
    expect(terminal.leftovers()).toEqual([]);
    other.close();
  });

  test('keeps data where it is told to, for one cluster at a time', async () => {
    const keep = mkdtempSync(join(tmpdir(), 'lockstep-keep-'));
    rmSync(keep, { recursive: true });
    const first = await terminal.start('--replicas', '1', '--keep', keep);
    await sql(first.status.postgres.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await redisSays(first.status.redis.url ?? '', 'SET kept 42');
    const beside = await terminal.run('--keep', keep, '--port', '0');
    expect(beside.code).toBe(1);
    expect(beside.stderr).toContain('is in use by the cluster of process');
    first.launched.process.kill('SIGTERM');
    await first.launched.ended;
    const second = await terminal.start('--replicas', '1', '--keep', keep);
    expect(await sql(second.status.postgres.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await redisSays(second.status.redis.url ?? '', 'GET kept')).toContain('42');
    second.launched.process.kill('SIGTERM');
    await second.launched.ended;
    rmSync(keep, { recursive: true });
  });
});

describe('orders', () => {
  test('scale, restart and stop obey and return when it is done', async () => {
    const { launched, status } = await terminal.start('--replicas', '2');
    expect(await terminal.run('scale', '3')).toMatchObject({ code: 0, stdout: '' });
    const scaled = JSON.parse((await terminal.run('status', '--json')).stdout) as typeof status;
    expect(scaled.replicas.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'api-1 ready',
      'api-2 ready',
      'api-3 ready',
    ]);
    expect((await terminal.run('restart', 'api-1', '--kill')).code).toBe(0);
    const unknown = await terminal.run('restart', 'api-9');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('api-1, api-2, api-3');
    const pids = scaled.replicas.map(({ pid }) => pid ?? 0);
    expect((await terminal.run('stop')).code).toBe(0);
    // Nothing is waited for: when the order returns, launcher and children are gone.
    expect(alive([launched.pid, ...pids])).toEqual([]);
    expect(terminal.leftovers()).toEqual([]);
  });

  test.each([
    [['status'], 3],
    [['scale', '2'], 3],
    [['stop'], 3],
    [['restart', 'redis'], 3],
    [['dance'], 2],
    [['--writes', 'fast'], 2],
    [['--backend', 'compose'], 1],
    [['--help'], 0],
  ])('%j without a cluster: exit code %i', async (args, code) => {
    expect((await terminal.run(...args)).code).toBe(code);
  });
});

describe('the end', () => {
  // What is promised is not that three seconds are enough on cores that are somebody else's.
  beforeEach(() => {
    terminal.apart = true;
  });

  test('comes within 3 s of a signal, further signals change nothing, and nothing is left', async () => {
    const { launched, pids } = await terminal.start();
    goFirst();
    const since = performance.now();
    launched.process.kill('SIGINT');
    await expect.poll(() => launched.stderr).toContain('stopping');
    launched.process.kill('SIGINT');
    launched.process.kill('SIGTERM');
    expect((await launched.ended).code).toBe(0);
    expect(performance.now() - since).toBeLessThan(STOP_LIMIT_MS);
    expect(alive(pids)).toEqual([]);
    expect(terminal.leftovers()).toEqual([]);
  });

  test('comes within 3 s also when replicas do not listen and servers are stopped', async () => {
    const launched = terminal.launch(['--json', '--port', '0', '--console-port', '0'], { CACHE_NEVER_END: '1' });
    const status = await launched.status();
    for (const { pid } of [status.redis, status.postgres, status.nginx]) process.kill(pid ?? 0, 'SIGSTOP');
    goFirst();
    const since = performance.now();
    launched.process.kill('SIGTERM');
    expect((await launched.ended).code).toBe(0);
    expect(performance.now() - since).toBeLessThan(STOP_LIMIT_MS);
    expect(alive(pidsOf(status))).toEqual([]);
    expect(terminal.leftovers()).toEqual([]);
  });

  test('may come in the middle of the start', async () => {
    const launched = terminal.launch(['--json', '--port', '0', '--console-port', '0']);
    await expect.poll(() => terminal.leftovers()).toHaveLength(1);
    launched.process.kill('SIGTERM');
    expect(await launched.ended).toMatchObject({ code: 0, stdout: '' });
    expect(terminal.leftovers()).toEqual([]);
  });

  test('of a launcher that is killed is finished by the next start', async () => {
    const killed = await terminal.start('--replicas', '2');
    killed.launched.process.kill('SIGKILL');
    await killed.launched.ended;
    expect(alive(killed.pids)).toEqual(killed.pids);
    expect((await terminal.run('status')).code).toBe(3);
    const next = await terminal.start('--replicas', '1');
    expect(alive(killed.pids)).toEqual([]);
    for (const pid of killed.pids) expect(next.launched.stderr).toContain(`(pid ${pid})`);
    expect(terminal.leftovers()).toHaveLength(1);
  });
});

test('a child that dies unasked is reported with the end of its log, and started again', async () => {
  const { launched, status } = await terminal.start('--replicas', '1');
  const pid = status.replicas[0]?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => launched.stderr).toContain('api-1 serves again');
  expect(launched.stderr).toContain('api-1 was not asked to end: it ended with signal SIGKILL');
  expect(launched.stderr).toContain('api-1 is here');
  const after = JSON.parse((await terminal.run('status', '--json')).stdout) as typeof status;
  expect(after.replicas[0]).toMatchObject({ ...status.replicas[0], pid: expect.any(Number) });
  expect(after.replicas[0]?.pid).not.toBe(pid);
});
