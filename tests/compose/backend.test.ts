/** `npm start -- --backend compose`: the same orders as on processes, obeyed by containers. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Status } from '@lockstep/cluster';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { docker } from '../../packages/cluster/src/compose/docker.ts';
import { ask, versionOf } from '../lib/client.ts';

const LAUNCHER = join(import.meta.dirname, '../../packages/cluster/src/main.ts');

describe.skipIf(inject('engineProblem') !== null)('the compose backend', () => {
  let folder: string;
  let launcher: ChildProcess;
  let status: Status;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-compose-'));
    const args = ['--backend', 'compose', '--replicas', '2', '--port', '0', '--no-console', '--json'];
    const env = { ...process.env, TMPDIR: folder };
    launcher = spawn(process.execPath, [LAUNCHER, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await Promise.race([once(launcher.stdout ?? launcher, 'data'), once(launcher, 'exit')])) as [
      Buffer,
    ];
    status = JSON.parse(String(line)) as Status;
  });

  afterAll(async () => {
    if (launcher.exitCode === null && launcher.kill('SIGTERM')) await once(launcher, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  function order(...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const env = { ...process.env, TMPDIR: folder };
    return new Promise((resolve) => {
      execFile(process.execPath, [LAUNCHER, ...words], { env }, (error, out, err) =>
        resolve({ code: Number(error?.code ?? 0), out, err }),
      );
    });
  }

  async function states(): Promise<string[]> {
    const { out } = await order('status', '--json');
    return (JSON.parse(out) as Status).replicas.map(({ name, state }) => `${name} ${state}`);
  }

  test('says where it is, and nothing of what cannot be reached from here', () => {
    const replica = (name: string) => ({ name, url: null, internal: null, pid: null, state: 'ready' });
    expect(status).toMatchObject({
      console: null,
      replicas: [replica('api-1'), replica('api-2')],
      redis: { url: null, pid: null },
      postgres: { url: null, pid: null },
      nginx: { pid: null },
      settings: { protocol: 'guarded', writes: 'bounded', stalenessMs: 1_000, beatMs: 250 },
    });
  });

  test('scales, restarts, loses data of Redis, and keeps those of Postgres', async () => {
    const { url } = status;
    const written = await ask(`${url}/products/7`, { method: 'PATCH', json: { stock: 77 } });
    expect(versionOf(written)).toBe(2);
    for (const words of [
      ['scale', '3'],
      ['restart', 'api-2', '--kill'],
      ['restart', 'postgres'],
      ['restart', 'redis', '--kill', '--lose-data'],
    ]) {
      expect(await order(...words)).toMatchObject({ code: 0 });
      // An order is obeyed when the member serves: replicas that were parked for want of it have their proof a moment later.
      await expect.poll(states).toEqual(['api-1 ready', 'api-2 ready', 'api-3 ready']);
    }
    expect(await order('scale', '1')).toMatchObject({ code: 0 });
    await expect.poll(states).toEqual(['api-1 ready']);
    const read = await ask(`${url}/products/7`);
    expect(JSON.parse(read.body)).toMatchObject({ stock: 77, version: 2 });
  });

  test('refuses what containers do not have', async () => {
    const refused = await order('--backend', 'compose', '--keep', '/var/tmp/lockstep-none', '--logs');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('cannot keep data in a folder (--keep)');
    expect(refused.err).toContain('does not show logs (--logs)');
  });

  test('ends by an order, and leaves nothing', async () => {
    const projects = () => docker(['compose', 'ls', '--all', '--filter', `name=^lockstep-${launcher.pid}-`, '--quiet']);
    const [project = ''] = (await projects()).split('\n');
    expect(project).toMatch(/^lockstep-/);
    const ended = once(launcher, 'exit');
    expect(await order('stop')).toMatchObject({ code: 0 });
    expect(await ended).toEqual([0, null]);
    for (const what of [
      ['ps', '--all'],
      ['volume', 'ls'],
      ['network', 'ls'],
    ]) {
      const filter = `label=com.docker.compose.project=${project}`;
      expect(await docker([...what, '--quiet', '--filter', filter])).toBe('');
    }
  });
});
