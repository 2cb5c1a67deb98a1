/**
 * `npm start` as a user runs it, with the real replicas: one line of JSON when all is ready, every command of the
 * launcher with its exit code, curl lines that work, and nothing left 3 s after the signal.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '@lockstep/cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alive, pidsOf } from '../../packages/cluster/test/launcher.ts';
import { ask, header, jsonOf } from '../lib/client.ts';
import { report } from '../lib/internals.ts';
import { warmRead } from '../lib/warm-read.ts';

const ROOT = join(import.meta.dirname, '../..');
const STOP_LIMIT_MS = 3_000;
/** npm itself takes its time, also to end. */
const NPM_MS = 2_000;

let folder: string;
let launcher: ChildProcess;
let status: Status;
const seen = new Set<number>();

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function npmStart(...args: string[]): Promise<Said> {
  const env = { ...process.env, TMPDIR: folder };
  return new Promise((resolve) => {
    execFile('npm', ['start', '--silent', '--', ...args], { cwd: ROOT, env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-start-'));
  launcher = spawn('npm', ['start', '--silent', '--', '--json', '--port', '0', '--staleness', '800'], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A session of its own, which goes before others: how soon it ends is judged.
    detached: true,
  });
  status = JSON.parse(await firstLine(launcher)) as Status;
  for (const pid of pidsOf(status)) seen.add(pid);
});

afterAll(async () => {
  if (launcher.exitCode === null && launcher.kill('SIGTERM')) await once(launcher, 'exit');
  rmSync(folder, { recursive: true, force: true });
});

function firstLine({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes('\n')) resolve(text);
    });
    stdout?.on('end', () => reject(new Error(`the launcher has ended; it said: ${text}`)));
  });
}

test('the status has what is needed to reach everything, and the settings', async () => {
  expect(status.replicas.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'api-1 ready',
    'api-2 ready',
    'api-3 ready',
  ]);
  expect(status.settings).toEqual({ protocol: 'guarded', writes: 'bounded', stalenessMs: 800, beatMs: 200 });
  expect(alive([...seen]).length).toBe(seen.size);
  // On a busy machine a proof may be late, and then it says "lapsed" for a moment, and its replica "parked".
  await expect
    .poll(() => report(status.replicas[0]?.internal ?? null))
    .toMatchObject({
      trust: { state: 'trusted', boundMs: 800 },
      partitions: [{ epoch: expect.any(String), applied: expect.any(Number), quarantineMs: 0 }],
    });
  await expect
    .poll(async () => {
      const again = await npmStart('status', '--json');
      return { code: again.code, status: JSON.parse(again.stdout) };
    })
    .toEqual({ code: 0, status });
});

test('what it tells to try works: read, write, read the write through every replica', async () => {
  const tier = async () => {
    const read = await ask(`${status.url}/products/42`);
    return `${read.status} ${header(read, 'x-cache')}`;
  };
  // Where a proof is late, the answer comes past the cache.
  await expect.poll(tier).toMatch(/^200 (L1|L2|ORIGIN)$/);
  const written = await ask(`${status.url}/products/42`, { method: 'PATCH', json: { priceCents: 4_200 } });
  expect(written.status).toBe(200);
  const { version } = jsonOf<{ version: number }>(written);
  for (const { url, name } of status.replicas) {
    const answer = await ask(`${url}/products/42`, { headers: { consistency: 'strong' } });
    expect(header(answer, 'x-served-by')).toBe(name);
    expect(jsonOf(answer)).toMatchObject({ id: 42, priceCents: 4_200, version });
  }
});

test('10,000 products are there, and the next id is 10001', async () => {
  expect((await ask(`${status.url}/products/10000`)).status).toBe(200);
  expect((await ask(`${status.url}/products/10001`)).status).toBe(404);
  const created = await ask(`${status.url}/products`, {
    method: 'POST',
    json: { sku: 'new-1', name: 'New', category: 'novelties', priceCents: 5 },
  });
  expect(created.status).toBe(201);
  expect(header(created, 'location')).toBe('/products/10001');
  // The cached 404 of that id has not outlived it. Whoever created it carries a token; without it another replica may say
  // 404 until it has heard of the write.
  const headers = { 'consistency-token': header(created, 'consistency-token') ?? '' };
  expect((await ask(`${status.url}/products/10001`, { headers })).status).toBe(200);
});

test('scale returns when every replica is ready, or gone', async () => {
  expect(await npmStart('scale', '4')).toMatchObject({ code: 0 });
  const more = JSON.parse((await npmStart('status', '--json')).stdout) as Status;
  for (const pid of pidsOf(more)) seen.add(pid);
  expect(more.replicas.map(({ name }) => name)).toEqual(['api-1', 'api-2', 'api-3', 'api-4']);
  // Not "starting": from when it has been ready, a replica is at most parked for a moment, where a proof is late.
  for (const { state } of more.replicas) expect(['ready', 'parked']).toContain(state);
  expect(await npmStart('scale', '2')).toMatchObject({ code: 0 });
  expect(JSON.parse((await npmStart('status', '--json')).stdout).replicas).toHaveLength(2);
});

test('restart of Redis without its data: writes within 5 s, L1 serves again when it returns', async () => {
  expect(await npmStart('restart', 'redis', '--kill', '--lose-data', '--down', '2500')).toMatchObject({ code: 0 });
  const { url } = status.replicas[0] ?? {};
  expect((await ask(`${url}/products/7`, { method: 'PATCH', json: { stock: 7 } })).status).toBe(200);
  await warmRead(`${url}/products/7`);
  for (const pid of pidsOf(JSON.parse((await npmStart('status', '--json')).stdout) as Status)) seen.add(pid);
});

test('wrong usage is 2, with the reason', async () => {
  expect((await npmStart('scale', 'many')).code).toBe(2);
  expect((await npmStart('restart', 'api-9')).code).toBe(2);
  const refused = await npmStart('--writes', 'fast');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('linearizable');
});

test('SIGTERM ends every child within 3 s; then nothing runs, which is exit code 3', async () => {
  const started = performance.now();
  launcher.kill('SIGTERM');
  const [code] = (await once(launcher, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(performance.now() - started).toBeLessThan(STOP_LIMIT_MS + NPM_MS);
  expect(alive([...seen])).toEqual([]);
  expect((await npmStart('status')).code).toBe(3);
});
