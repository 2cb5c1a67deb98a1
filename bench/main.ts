/** `npm run bench`: what the cache costs and saves, each figure beside its measure in the same run. See usage below. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrograms, startPostgresServer, startRedisServer } from '@lockstep/cluster/servers';
import { CommandLine, UsageError } from '@lockstep/command-line';
import { http } from './cases/http.ts';
import { l1 } from './cases/l1.ts';
import { l2 } from './cases/l2.ts';
import { lag } from './cases/lag.ts';
import { link } from './cases/link.ts';
import { overload } from './cases/overload.ts';
import { saved } from './cases/saved.ts';
import { write } from './cases/write.ts';
import { type Effort, FULL, QUICK } from './lib/effort.ts';
import { machine } from './lib/machine.ts';
import type { Row } from './lib/row.ts';
import { tableOf } from './lib/table.ts';

const CASES = ['l1', 'l2', 'http', 'lag', 'saved', 'write', 'link', 'overload'] as const;
type Case = (typeof CASES)[number];

const USAGE = `usage: npm run bench -- [CASE ...] [OPTIONS]

  CASE        ${CASES.join(', ')}; without one all of them
  --rounds N  default ${FULL.rounds}
  --json      one object instead of the table
  --quick     sees that everything runs; its figures mean nothing
  --check     exit code 1 when a promised ratio is missed

It starts its own Redis, Postgres and replica, measures and ends them. Exit codes: 0 fine, 1 failed, 2 wrong usage.
`;
const FORM = { flags: ['json', 'quick', 'check', 'help'], values: ['rounds'], operands: true } as const;
const ROUNDS_MOST = 1_000;
const INSTALL_MS = 600_000;

interface Choice {
  readonly cases: readonly Case[];
  readonly effort: Effort;
  readonly json: boolean;
  readonly check: boolean;
}

const say = (message: string) => process.stderr.write(`bench: ${message}\n`);

/** Null when only the usage was asked for; throws a `UsageError` with everything that is wrong. */
function choiceOf(argv: readonly string[]): Choice | null {
  const line = new CommandLine(argv, FORM);
  if (line.flag('help')) return null;
  const { operands } = line;
  for (const name of operands) {
    if (!(CASES as readonly string[]).includes(name)) {
      line.problems.push(`there is no case ${name}; there are ${CASES.join(', ')}`);
    }
  }
  const base = line.flag('quick') ? QUICK : FULL;
  const rounds = line.whole('rounds', 1, ROUNDS_MOST) ?? base.rounds;
  line.check();
  const cases = operands.length === 0 ? CASES : CASES.filter((name) => operands.includes(name));
  return { cases, effort: { ...base, rounds }, json: line.flag('json'), check: line.flag('check') };
}

async function measure({ cases, effort }: Choice): Promise<Row[]> {
  await ensurePrograms({ install: true, say, signal: AbortSignal.timeout(INSTALL_MS) });
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const undo: (() => Promise<void>)[] = [];
  try {
    const redis = await startRedisServer(folder);
    undo.push(() => redis.stop());
    const run: Readonly<Record<Case, () => Promise<Row[]>>> = {
      l1: () => l1(redis.url, effort),
      l2: () => l2(redis.url, effort),
      http: async () => {
        const postgres = await startPostgresServer(folder);
        undo.push(() => postgres.stop());
        return http(redis.url, postgres.url, effort);
      },
      lag: () => lag(redis.url, effort),
      saved: () => saved(redis.url, effort),
      write: () => write(redis.url, effort),
      link: () => link(effort),
      overload: () => overload(effort),
    };
    const rows: Row[] = [];
    for (const name of cases) {
      say(`measuring ${name}`);
      rows.push(...(await run[name]()));
    }
    return rows;
  } finally {
    for (const step of undo.reverse()) await step();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(argv: readonly string[]): Promise<number> {
  let choice: Choice | null;
  try {
    choice = choiceOf(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(error.told('bench', USAGE));
    return 2;
  }
  if (choice === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const where = machine();
  const rows = await measure(choice);
  const { rounds } = choice.effort;
  process.stdout.write(
    `${choice.json ? JSON.stringify({ machine: where, rounds, rows }) : tableOf(where, rounds, rows)}\n`,
  );
  return choice.check && rows.some(({ promise }) => promise?.kept === false) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
