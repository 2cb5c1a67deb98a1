/** What a launcher leaves when it is killed is ended and removed by the next, and nothing else is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkoutFolder, isPassable, temporaryFolder } from './base.ts';
import { liveInstances, openInstance, removeLeftovers } from './instance.ts';
import { identityOf } from './process-table.ts';
import { knownIn } from './state-file.ts';

let tmp: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  tmp = mkdtempSync(join(tmpdir(), 'lockstep-unit-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(tmp, { recursive: true, force: true });
});

function idle(): { child: ChildProcess; pid: number; identity: string } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  children.push(child);
  const pid = child.pid ?? 0;
  return { child, pid, identity: identityOf(pid) ?? '' };
}

/** A folder as a launcher leaves it that was killed: its pid was given to us since, so only the time tells. */
function deadInstance(known: readonly { name: string; pid: number; identity: string }[]): string {
  const folder = join(tmp, `${process.pid}-00000000-abcdef`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'state.json'), JSON.stringify({ children: known }));
  return folder;
}

describe('an instance', () => {
  test('is alive as long as its launcher, and remembers its children', () => {
    const instance = openInstance(tmp);
    expect(liveInstances(tmp)).toEqual([
      { folder: instance.folder, launcher: { pid: process.pid, identity: identityOf(process.pid) } },
    ]);
    const { pid, identity } = idle();
    instance.state.add('redis', pid);
    expect(knownIn(instance.folder)).toEqual([{ name: 'redis', pid, identity }]);
    instance.state.remove(pid);
    expect(knownIn(instance.folder)).toEqual([]);
    instance.close();
    expect(existsSync(instance.folder)).toBe(false);
  });

  test('of a living launcher is no leftover', async () => {
    const instance = openInstance(tmp);
    expect(await removeLeftovers(tmp)).toEqual([]);
    expect(existsSync(instance.folder)).toBe(true);
    instance.close();
  });
});

describe('leftovers', () => {
  test('are ended and their folder removed', async () => {
    const { pid, identity } = idle();
    const folder = deadInstance([{ name: 'redis', pid, identity }]);
    expect(await removeLeftovers(tmp)).toEqual([{ name: 'redis', pid, identity }]);
    expect(identityOf(pid)).toBeNull();
    expect(existsSync(folder)).toBe(false);
  });

  test('whose pid belongs to somebody else by now are left alone', async () => {
    const { pid, identity } = idle();
    deadInstance([{ name: 'redis', pid, identity: `${identity}0` }]);
    expect(await removeLeftovers(tmp)).toEqual([]);
    expect(identityOf(pid)).toBe(identity);
  });

  test.each([
    ['', 'nothing'],
    ['{"children":[{"name":"redis","pid":1,"identity":"x"}, {"pid":"2"}, null]}', 'nonsense'],
    ['{"chil', 'half of it'],
  ])('without a usable list (%s) are removed all the same', async (text) => {
    const folder = deadInstance([]);
    writeFileSync(join(folder, 'state.json'), text);
    expect(await removeLeftovers(tmp)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test('are only what we named; other things in the folder stay', async () => {
    mkdirSync(join(tmp, 'something'));
    await removeLeftovers(tmp);
    expect(existsSync(join(tmp, 'something'))).toBe(true);
  });
});

describe('the folder of a checkout', () => {
  test('is another one for another checkout', () => {
    expect(checkoutFolder(tmp, tmp)).not.toBe(checkoutFolder('/', tmp));
    expect(checkoutFolder(tmp, tmp)).toBe(checkoutFolder(tmp, tmp));
  });

  test('is refused when others may write to it', () => {
    const folder = checkoutFolder(tmp, tmp);
    chmodSync(folder, 0o777);
    expect(() => checkoutFolder(tmp, tmp)).toThrow('only you may write to');
  });

  test('is refused when it is a link', () => {
    const folder = checkoutFolder(tmp, tmp);
    rmSync(folder, { recursive: true });
    symlinkSync('/', folder);
    expect(() => checkoutFolder(tmp, tmp)).toThrow('only you may write to');
  });

  test('is in /tmp when the temporary folder is too deep for a socket, or closed to the users root needs', () => {
    expect(temporaryFolder(`/var/${'x'.repeat(60)}`, false)).toBe('/tmp');
    chmodSync(tmp, 0o700);
    expect(isPassable(tmp)).toBe(false);
    expect(temporaryFolder(tmp, true)).toBe('/tmp');
    expect(temporaryFolder(tmp, false)).toBe(tmp);
  });
});
