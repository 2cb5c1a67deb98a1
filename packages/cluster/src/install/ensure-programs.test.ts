/**
 * Installing what is missing, on a machine that is a folder with an apt-get of our own: what is called, that services
 * are forbidden to start meanwhile, and that the prohibition is gone afterwards however it ended.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensurePrograms, type Machine } from './ensure-programs.ts';

let folder: string;
let machine: Machine;
let said: string[];

const at = (name: string) => join(folder, name);
const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : null);
const calls = () => (read('calls') ?? '').trimEnd().split('\n');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-apt-'));
  said = [];
  machine = {
    path: `${folder}:/usr/bin:/bin`,
    root: true,
    policy: at('policy-rc.d'),
    find: () => ({
      redis: existsSync(at('redis-server')) ? at('redis-server') : null,
      nginx: existsSync(at('nginx')) ? at('nginx') : null,
    }),
  };
  program('apt-get', INSTALLS);
});

afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): void {
  writeFileSync(at(name), `#!/bin/sh\ncd '${folder}'\n${script}`);
  chmodSync(at(name), 0o755);
}

/** Notes how it is called, and when it installs, what the policy is; makes the programs. */
const NOTES = 'echo "$*" >> calls\ncase "$*" in *--download-only*|update) exit 0;; esac\n';
const INSTALLS = `${NOTES}[ -x policy-rc.d ] && { ./policy-rc.d; echo "policy $?" >> calls; }\ntouch redis-server nginx\n`;

function ensure(signal: AbortSignal = new AbortController().signal, install = true): Promise<void> {
  return ensurePrograms({ install, say: (text) => said.push(text), signal, machine });
}

test('nothing is done when nothing is missing', async () => {
  for (const name of ['redis-server', 'nginx']) writeFileSync(at(name), '');
  await ensure();
  expect(read('calls')).toBeNull();
  expect(said).toEqual([]);
});

describe('as root', () => {
  test('it says what it installs, and installs it with services forbidden to start', async () => {
    await ensure();
    expect(said).toEqual([expect.stringContaining('installing redis-server and nginx')]);
    expect(calls()).toEqual([
      'update',
      expect.stringMatching(/^install .*--no-install-recommends.* --download-only redis-server nginx$/),
      expect.stringMatching(/^install .*--no-install-recommends.* redis-server nginx$/),
      'policy 101',
    ]);
    expect(existsSync(machine.policy)).toBe(false);
  });

  test('it installs only what is missing', async () => {
    writeFileSync(at('nginx'), '');
    await ensure();
    expect(calls()[1]).toMatch(/ redis-server$/);
  });

  test('a policy of the administrator’s stays as it is', async () => {
    program('policy-rc.d', 'exit 104\n');
    const before = read('policy-rc.d');
    await ensure();
    expect(calls().at(-1)).toBe('policy 104');
    expect(read('policy-rc.d')).toBe(before);
  });

  test('a policy that a killed installation of ours left is replaced and removed', async () => {
    program('apt-get', `${NOTES}cp policy-rc.d seen; touch redis-server nginx\n`);
    await ensure();
    const ours = read('seen') ?? '';
    writeFileSync(machine.policy, ours.replace('exit 101', 'exit 0'));
    for (const name of ['redis-server', 'nginx']) rmSync(at(name));
    program('apt-get', INSTALLS);
    await ensure();
    expect(calls().at(-1)).toBe('policy 101');
    expect(existsSync(machine.policy)).toBe(false);
  });

  test('when apt-get fails, its words are passed on and the policy is gone', async () => {
    program('apt-get', `${NOTES}echo 'E: Unable to locate package redis-server' >&2; exit 100\n`);
    await expect(ensure()).rejects.toThrow(/ended with 100[\s\S]*Unable to locate package[\s\S]*docker compose up/);
    expect(existsSync(machine.policy)).toBe(false);
  });

  test('a signal ends the download', async () => {
    program('apt-get', `${NOTES.replace('*--download-only*|', '*--download-only*) exec sleep 600;; ')}exit 1\n`);
    const abort = new AbortController();
    const ensured = ensure(abort.signal);
    await expect.poll(() => calls().length).toBe(2);
    abort.abort(new Error('Ctrl-C'));
    await expect(ensured).rejects.toThrow('Ctrl-C');
    expect(existsSync(machine.policy)).toBe(false);
  });

  test('a signal does not end an installation half way, and the policy goes with its end', async () => {
    program('apt-get', `${NOTES}touch begun; while [ ! -e go ]; do sleep 0.02; done; touch redis-server nginx whole\n`);
    const abort = new AbortController();
    const ensured = ensure(abort.signal);
    await expect.poll(() => existsSync(at('begun'))).toBe(true);
    expect(existsSync(machine.policy)).toBe(true);
    abort.abort(new Error('Ctrl-C'));
    writeFileSync(at('go'), '');
    await expect(ensured).rejects.toThrow('Ctrl-C');
    expect(existsSync(at('whole'))).toBe(true);
    expect(existsSync(machine.policy)).toBe(false);
  });
});

describe('as somebody else', () => {
  beforeEach(() => {
    machine = { ...machine, root: false };
  });

  test('sudo is used when it asks for no password', async () => {
    program('sudo', 'echo "sudo $*" >> calls; shift; exec "$@"\n');
    await ensure();
    expect(calls()[0]).toBe('sudo -n true');
    expect(calls()[1]).toMatch(/^sudo -n sh .*apt-install\.sh/);
    expect(existsSync(at('nginx'))).toBe(true);
  });

  test.each([
    ['sudo asks for a password', () => program('sudo', 'exit 1\n')],
    ['there is no sudo', () => undefined],
  ])('when %s, it only says how', async (_, arrange) => {
    arrange();
    machine = { ...machine, path: folder };
    await expect(ensure()).rejects.toThrow(
      /sudo apt-get install .*redis-server nginx[\s\S]*dnf install[\s\S]*apk add redis nginx[\s\S]*brew install redis nginx[\s\S]*docker compose up/,
    );
    expect(calls().join()).not.toContain('install');
  });
});

test('with --no-install nothing is installed', async () => {
  await expect(ensure(undefined, false)).rejects.toThrow(/^redis-server \(or valkey-server\) and nginx not found/);
  expect(read('calls')).toBeNull();
});

test('without apt-get it says how, also to root', async () => {
  rmSync(at('apt-get'));
  machine = { ...machine, path: folder };
  await expect(ensure()).rejects.toThrow(/^ {2}apt-get install/m);
});
