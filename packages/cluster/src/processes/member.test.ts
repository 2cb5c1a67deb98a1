/** A member whose processes die: who starts the next one, and who hears of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StateFile } from '../run/state-file.ts';
import { Child } from './child.ts';
import { LogFile } from './log-file.ts';
import { Member, type Service } from './member.ts';

const LIVES = 'setInterval(() => {}, 1000)';
const DIES = "console.log('no room'); process.exit(7)";

let folder: string;
let log: LogFile;
let member: Member;
let end: AbortController;
let reports: string[];
/** What its processes do, one after the other, the last again and again; those that live serve. */
let scripts: string[];
let started: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-member-'));
  log = new LogFile(join(folder, 'one.log'));
  end = new AbortController();
  reports = [];
  scripts = [LIVES];
  started = 0;
  member = new Member(serviceOf(new StateFile(folder)), (message) => reports.push(message), end.signal);
  await member.start();
});

afterEach(async () => {
  end.abort(new Error('the test is over'));
  await member.stop('SIGKILL', 1_000);
  log.close();
  rmSync(folder, { recursive: true });
});

function serviceOf(state: StateFile): Service {
  let script = '';
  return {
    ...{ name: 'one', log, endSignal: 'SIGTERM', endLimitMs: 1_000 },
    spawn: () => {
      started++;
      script = scripts.length > 1 ? (scripts.shift() ?? '') : (scripts[0] ?? '');
      const command = {
        name: 'one',
        program: process.execPath,
        args: ['-e', script],
        cwd: folder,
        env: {},
        user: null,
      };
      return Child.start(command, log, state);
    },
    serves: async () => script === LIVES,
  };
}

test('a restart whose new process dies goes on with another, as any that dies unasked', async () => {
  scripts = [DIES, DIES, LIVES];
  const before = member.pid;
  await member.restart({ kill: true, downMs: 0 });
  expect(started).toBe(4);
  expect(member.pid).not.toBe(before);
  expect(member.up).toBe(true);
  await expect.poll(() => reports.at(-1)).toBe('one serves again');
  const deaths = reports.filter((text) => text.includes('was not asked to end'));
  expect(deaths).toHaveLength(2);
  for (const text of deaths) expect(text).toMatch(/exit code 7[\s\S]*no room/);
});

test('restarts are obeyed one after the other also when processes die in between', async () => {
  scripts = [DIES, LIVES];
  await Promise.all([member.restart({ kill: true, downMs: 0 }), member.restart({ kill: true, downMs: 0 })]);
  // The first, the one that died, its successor, and that of the second restart.
  expect(started).toBe(4);
  expect(member.up).toBe(true);
});
