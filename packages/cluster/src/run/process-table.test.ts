/** A process is known by its pid and the time it began, so that a number given out again is never mistaken for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identityOf, isAlive, killTree } from './process-table.ts';

const IDLE = ['-e', 'setInterval(() => {}, 1000)'];

test('this process is itself, as long as it lives', () => {
  const identity = identityOf(process.pid);
  expect(identity).not.toBeNull();
  expect(isAlive(process.pid, identity ?? '')).toBe(true);
});

test('a pid that was given to somebody else is not who it was', () => {
  expect(isAlive(process.pid, 'another boot, another time')).toBe(false);
});

test('two processes differ, and one that has ended has no identity', async () => {
  const children = [spawn(process.execPath, IDLE), spawn(process.execPath, IDLE)];
  const [one, two] = children.map((child) => ({ child, pid: child.pid ?? 0, identity: identityOf(child.pid ?? 0) }));
  expect(one?.identity).not.toBeNull();
  expect(two?.identity).not.toBeNull();
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(isAlive(one?.pid ?? 0, one?.identity ?? '')).toBe(false);
  expect(identityOf(two?.pid ?? 0)).toBeNull();
});

test('a tree is ended with those of its branches that have left its group', async () => {
  // As Postgres' backends do: the grandchild leads a group of its own.
  const script = `
    const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify(IDLE)}, { detached: true });
    console.log(child.pid);
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ['-e', script], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  const grandchild = { pid: Number(line), identity: identityOf(Number(line)) ?? '' };
  expect(isAlive(grandchild.pid, grandchild.identity)).toBe(true);
  expect(killTree(parent.pid ?? 0)).toContainEqual(grandchild);
  await once(parent, 'exit');
  await expect.poll(() => isAlive(grandchild.pid, grandchild.identity)).toBe(false);
});
