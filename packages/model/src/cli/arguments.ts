import { CommandLine } from '@lockstep/command-line';
import { CLAIMS, type Claim, type Judged } from '../table/judged.ts';
import { readJudged } from '../table/judged-file.ts';
import { QUICK_STATES } from '../table/rows.ts';

const MAX_STATES = 40_000_000;
const MINUTES = 10;

export const USAGE = `Explores the protocol state by state, by the code that ships, and shows that each rule is needed.

  npm run model [-- options]

  --list            the names of all rows and ablations
  --row NAME        only those with NAME in them; may be given several times
  --quick           what fits in about a minute: rows that do not end by then say so, and counterexamples that are
                    deeper are walked again instead of searched
  --max STATES      for each row; default 40 million, some 2 GB
  --minutes M       for each row; default ${MINUTES}
  --json            one JSON object a line
  --from FILE       what an earlier run with --json has found, instead of searching
  --keep            writes what was found to RESULTS.md and table/traces.txt
  --help

Exit code: 0 if every row and every ablation is as it should be, 1 if one is not, 2 if these options cannot be read.
`;

/** What a command line asks for. */
export interface Invocation {
  readonly help: boolean;
  /** Names are printed, nothing is looked at. */
  readonly list: boolean;
  /** Those of the table that are asked for, in its order. */
  readonly claims: readonly Claim[];
  readonly quick: boolean;
  /** For each claim. */
  readonly states: number;
  /** For each claim. */
  readonly minutes: number;
  readonly json: boolean;
  /** What was found before; null: it is searched now. */
  readonly before: readonly Judged[] | null;
  readonly keep: boolean;
}

const STATES_MOST = 1_000_000_000;
const MINUTES_LEAST = 0.001;
const MINUTES_MOST = 60 * 24 * 7;

const FORM = {
  flags: ['list', 'quick', 'json', 'keep', 'help'],
  values: ['row', 'max', 'minutes', 'from'],
  repeated: ['row'],
} as const;

/** Throws a `UsageError` with every problem. */
export function parseInvocation(argv: readonly string[]): Invocation {
  const line = new CommandLine(argv, FORM);
  const quick = line.flag('quick');
  const invocation = {
    help: line.flag('help'),
    list: line.flag('list'),
    claims: claimsOf(line.values('row'), line.problems),
    quick,
    states: line.whole('max', 1, STATES_MOST) ?? (quick ? QUICK_STATES : MAX_STATES),
    minutes: line.number('minutes', MINUTES_LEAST, MINUTES_MOST) ?? MINUTES,
    json: line.flag('json'),
    before: beforeOf(line.value('from'), line.problems),
    keep: line.flag('keep'),
  };
  line.check();
  return invocation;
}

function claimsOf(parts: readonly string[], problems: string[]): readonly Claim[] {
  for (const part of parts) {
    if (CLAIMS.some(({ name }) => name.includes(part))) continue;
    problems.push(`--row must be part of a name that --list prints; none has "${part}" in it`);
  }
  return CLAIMS.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
}

function beforeOf(file: string | null, problems: string[]): readonly Judged[] | null {
  if (file === null) return null;
  try {
    return readJudged(file);
  } catch (error) {
    problems.push(`--from must be a file that a run with --json has written: ${(error as Error).message}`);
    return null;
  }
}
