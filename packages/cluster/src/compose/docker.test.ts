/** `docker` here is a script of the test's own, so that these need no engine. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docker } from './docker.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-docker-'));
  writeFileSync(join(folder, 'docker'), '#!/bin/sh\neval "$1"\n');
  chmodSync(join(folder, 'docker'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const say = (script: string, options: Parameters<typeof docker>[1] = {}) =>
  docker([script], { ...options, env: { PATH: `${folder}:/usr/bin:/bin`, ...options.env } });

test('what it prints, and the environment it is given', async () => {
  expect(await say('echo "$GREETING"', { env: { GREETING: 'hello' } })).toBe('hello\n');
});

test('a failure repeats the end of what was said', async () => {
  const failing = say('echo first >&2; echo the reason >&2; exit 3');
  await expect(failing).rejects.toMatchObject({ code: 'E_CLUSTER_ENGINE' });
  await expect(failing).rejects.toThrow(/ended with exit code 3.*\n.*\nthe reason$/);
});

test('one that takes too long is ended', async () => {
  await expect(say('exec sleep 60', { limitMs: 50 })).rejects.toThrow('did not end within 50 ms');
});

test('an abort ends it, and its reason is what is thrown', async () => {
  const controller = new AbortController();
  const running = say('exec sleep 60', { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});

test('a machine without docker is told what to install', async () => {
  const missing = docker(['version'], { env: { PATH: '/nonexistent' } });
  await expect(missing).rejects.toMatchObject({ code: 'E_CLUSTER_ENGINE' });
  await expect(missing).rejects.toThrow('there is no docker on this machine');
});
