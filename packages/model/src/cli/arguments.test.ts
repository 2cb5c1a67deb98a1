import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@lockstep/command-line';
import { afterAll, expect, test } from 'vitest';
import { CLAIMS } from '../table/judged.ts';
import { QUICK_STATES } from '../table/rows.ts';
import { parseInvocation } from './arguments.ts';

const folder = mkdtempSync(join(tmpdir(), 'lockstep-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function problemsOf(...argv: string[]): readonly string[] {
  try {
    parseInvocation(argv);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
}

test('without options the whole table is searched', () => {
  expect(parseInvocation([])).toEqual({
    help: false,
    list: false,
    claims: CLAIMS,
    quick: false,
    states: 40_000_000,
    minutes: 10,
    json: false,
    before: null,
    keep: false,
  });
  expect(parseInvocation(['--help']).help).toBe(true);
});

test('a quick look is a short one, unless it is said how far it goes', () => {
  expect(parseInvocation(['--quick']).states).toBe(QUICK_STATES);
  expect(parseInvocation(['--quick', '--max', '7', '--minutes=0.5'])).toMatchObject({ states: 7, minutes: 0.5 });
});

test('rows are those that have one of the parts in their name', () => {
  const { claims } = parseInvocation(['--row', 'without ', '--row', 'convergence']);
  expect(claims).toEqual(CLAIMS.filter(({ name }) => /without |convergence/.test(name)));
});

test('what was found before is read, and a file that holds something else is a problem', () => {
  const line = JSON.stringify({ name: 'a row', verdict: 'safe' });
  expect(parseInvocation(['--from', written('found', `${line}\n`)]).before).toEqual([JSON.parse(line)]);
  expect(problemsOf('--from', written('npm', `> lockstep\n${line}\n`))[0]).toContain('line 1 of');
  expect(problemsOf('--from', written('number', '1\n'))).toHaveLength(1);
  expect(problemsOf('--from', join(folder, 'missing'))[0]).toContain('ENOENT');
});

test('every problem is told at once, with what is allowed', () => {
  expect(
    problemsOf('--wrong', '-x', 'operand', '--quick=1', '--max', 'abc', '--minutes', '0', '--row', 'no such row'),
  ).toEqual([
    'there is no option --wrong',
    'there is no option -x',
    'operand is no option; only options are taken',
    '--quick takes no value',
    '--row must be part of a name that --list prints; none has "no such row" in it',
    '--max is "abc"; it is a whole number from 1 to 1000000000',
    '--minutes is "0"; it is a number from 0.001 to 10080',
  ]);
  expect(problemsOf('--row', '--json')).toEqual(['--row needs a value']);
  expect(problemsOf('--max', '1', '--max', '2')).toEqual(['--max is given twice']);
  // A row that is there does not hide one that is not.
  expect(problemsOf('--row', 'without ', '--row', 'no such row')).toHaveLength(1);
});
