/** `npm run bench -- --quick` runs every case to its end and prints the table, or the same as JSON; no figure is judged. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Row } from '../lib/row.ts';
import { tableOf } from '../lib/table.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** Servers, clusters and a quarantine of 3.5 s for each namespace: a minute on an idle machine, many on a busy one. */
const LONG_MS = 600_000;

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

const spread = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };

test(
  'every case, as JSON; ratios stand beside what they are to, and the promises are named',
  async () => {
    const { code, stdout, stderr } = await bench('--quick', '--json');
    expect(code, stderr).toBe(0);
    const { machine, rounds, rows } = JSON.parse(stdout) as {
      machine: Parameters<typeof tableOf>[0];
      rounds: number;
      rows: Row[];
    };
    expect(machine).toMatchObject({ cores: expect.any(Number), node: process.version });
    expect(rounds).toBe(2);
    expect(new Set(rows.map(({ group }) => group)).size).toBe(9);
    for (const { name, value, against, group } of rows) {
      expect(value, name).toEqual(spread);
      expect(value.min).toBeLessThanOrEqual(value.median);
      expect(value.median).toBeLessThanOrEqual(value.max);
      if (against === null) continue;
      expect(against.ratio).toEqual(spread);
      expect(rows.some((row) => row.group === group && row.name === against.name)).toBe(true);
    }
    expect(rows.flatMap(({ promise }) => (promise === null ? [] : `${promise.bound} ${promise.ratio}`))).toEqual([
      'at least 0.9',
      'at least 0.85',
      'at most 2',
      'at least 0.95',
      'at least 0.7',
    ]);
    const loads = (name: string) => rows.find((row) => row.name === `loads: ${name}`)?.value.median ?? 0;
    expect(loads('L1 of 10000 entries and L2')).toBeLessThan(loads('each replica with its own cache'));
    for (const line of tableOf(machine, rounds, rows).split('\n').slice(3))
      expect(line).not.toMatch(/NaN|undefined|Infinity/);
  },
  LONG_MS,
);

test('wrong usage names what there is', async () => {
  expect(await bench('l3')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('there are l1, l2') });
  expect(await bench('--rounds', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('from 1 to 1000') });
  expect(await bench('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('usage:') });
});
