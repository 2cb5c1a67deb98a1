/** `npm run bench`: what the cache costs and saves, each figure beside its measure in the same run. See usage below. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePrograms, startPostgresServer, startRedisServer } from '@lockstep/cluster/servers';
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
const ROUNDS_MOST = 1_000;
const INSTALL_MS = 600_000;

interface Choice {
  readonly cases: readonly Case[];
  readonly effort: Effort;
  readonly json: boolean;
  readonly check: boolean;
}

const say = (message: string) => process.stderr.write(`bench: ${message}\n`);

/** Null when only the usage was asked for; throws with what is wrong. */
function choiceOf(argv: readonly string[]): Choice | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const unknown = positionals.find((name) => !(CASES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`there is no case ${unknown}; there are ${CASES.join(', ')}`);
  const base = values.quick ? QUICK : FULL;
  const rounds = Number(values.rounds ?? base.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MOST) {
    throw new Error(`--rounds is "${values.rounds}"; it is a whole number from 1 to ${ROUNDS_MOST}`);
  }
  const cases = positionals.length === 0 ? CASES : CASES.filter((name) => positionals.includes(name));
  return { cases, effort: { ...base, rounds }, json: values.json, check: values.check };
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
    process.stderr.write(`bench: ${(error as Error).message}\n\n${USAGE}`);
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
