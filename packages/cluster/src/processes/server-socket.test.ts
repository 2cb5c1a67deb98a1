import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ServerSocket } from './server-socket.ts';

test('its folder is made for the server alone, and may be there already', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-unit-'));
  const socket = new ServerSocket(join(folder, 'redis-socket', 's'));
  socket.prepare(null);
  socket.prepare(null);
  expect(statSync(dirname(socket.path ?? '')).mode & 0o777).toBe(0o700);
  rmSync(folder, { recursive: true });
});

test('there is none where its path would be too long: a server would refuse to start', () => {
  const socket = new ServerSocket(`/nowhere/${'x'.repeat(103 - '/nowhere/'.length + 1)}`);
  expect(socket.path).toBeNull();
  expect(() => socket.prepare(null)).not.toThrow();
  expect(new ServerSocket(`/nowhere/${'x'.repeat(103 - '/nowhere/'.length)}`).path).not.toBeNull();
});
