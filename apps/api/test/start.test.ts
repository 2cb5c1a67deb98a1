/** How a replica starts, and how it says that it cannot. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ReplicaProcess } from './process.ts';
import { WAIT } from './servers.ts';

const ENV = {
  HOST: '127.0.0.1',
  PORT: '0',
  INTERNAL_PORT: '0',
  REDIS_URL: 'redis://:hidden@127.0.0.1:1',
  DATABASE_URL: 'postgres://a:hidden@127.0.0.1:1/a',
};

const cleaning: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleaning.splice(0)) clean();
});

test('every problem of the environment is a line on standard error, and the exit code is 1', async () => {
  const process = new ReplicaProcess({
    ...ENV,
    PORT: 'eighty',
    REDIS_URL: 'redis+sentinel://:hidden@a,b/main',
    CACHE_STALENESS_MS: '1000',
    CACHE_BEAT_MS: '400',
    CACHE_WRITES: 'fast',
    CACHE_MYSTERY: '1',
  });
  expect(await process.exited).toBe(1);
  const names = process.err
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[0]);
  expect(names).toEqual(['PORT', 'REDIS_URL', 'CACHE_MYSTERY', 'CACHE_WRITES', 'CACHE_STALENESS_MS']);
  expect(process.out).toBe('');
  expect(process.err).not.toContain('hidden');
});

test('URLs come from files as well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-api-'));
  cleaning.push(() => rmSync(folder, { recursive: true }));
  const { REDIS_URL, DATABASE_URL, ...env } = ENV;
  writeFileSync(join(folder, 'redis'), `${REDIS_URL}\n`);
  writeFileSync(join(folder, 'database'), `${DATABASE_URL}\n`);
  const files = { REDIS_URL_FILE: join(folder, 'redis'), DATABASE_URL_FILE: join(folder, 'database') };
  const process = new ReplicaProcess({ ...env, ...files });
  cleaning.push(() => process.signal('SIGKILL'));
  await vi.waitFor(() => expect(process.line('listening')).toBeDefined(), WAIT);
  // Without REPLICA_NAME it is called as the network or the host says.
  expect(process.line('listening')?.name).toMatch(/^[\w.-]+$/);
  process.signal('SIGTERM');
  expect(await process.exited).toBe(0);
});

test('a port that somebody else has ends it with a reason', async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
  });
  cleaning.push(() => taken.close());
  const process = new ReplicaProcess({ ...ENV, PORT: String(port) });
  cleaning.push(() => process.signal('SIGKILL'));
  expect(await process.exited).toBe(1);
  expect(process.lines().at(-1)).toMatchObject({ level: 60, err: { code: 'EADDRINUSE' } });
  expect(process.out).not.toContain('hidden');
});
