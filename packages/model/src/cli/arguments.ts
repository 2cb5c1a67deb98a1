import { parseArgs } from 'node:util';
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

export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }
}

const STATES_MOST = 1_000_000_000;
const MINUTES_LEAST = 0.001;
const MINUTES_MOST = 60 * 24 * 7;

/** Throws a `UsageError` with every problem. */
export function parseInvocation(argv: readonly string[]): Invocation {
  const { flags, values, problems } = read(argv);
  const quick = flags.has('quick');
  const invocation = {
    help: flags.has('help'),
    list: flags.has('list'),
    claims: claimsOf(values.get('row') ?? [], problems),
    quick,
    states: statesOf(values.get('max')?.[0], problems) ?? (quick ? QUICK_STATES : MAX_STATES),
    minutes: minutesOf(values.get('minutes')?.[0], problems) ?? MINUTES,
    json: flags.has('json'),
    before: beforeOf(values.get('from')?.[0], problems),
    keep: flags.has('keep'),
  };
  if (problems.length > 0) throw new UsageError(problems);
  return invocation;
}

function claimsOf(parts: readonly string[], problems: string[]): readonly Claim[] {
  for (const part of parts) {
    if (CLAIMS.some(({ name }) => name.includes(part))) continue;
    problems.push(`--row must be part of a name that --list prints; none has "${part}" in it`);
  }
  return CLAIMS.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
}

function statesOf(text: string | undefined, problems: string[]): number | null {
  if (text === undefined) return null;
  const states = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (states >= 1 && states <= STATES_MOST) return states;
  problems.push(`--max must be a whole number from 1 to ${STATES_MOST.toLocaleString('en')}, not ${text}`);
  return null;
}

function minutesOf(text: string | undefined, problems: string[]): number | null {
  if (text === undefined) return null;
  const minutes = Number(text);
  if (minutes >= MINUTES_LEAST && minutes <= MINUTES_MOST) return minutes;
  problems.push(`--minutes must be a number from ${MINUTES_LEAST} to ${MINUTES_MOST}, not ${text}`);
  return null;
}

function beforeOf(file: string | undefined, problems: string[]): readonly Judged[] | null {
  if (file === undefined) return null;
  try {
    return readJudged(file);
  } catch (error) {
    problems.push(`--from must be a file that a run with --json has written: ${(error as Error).message}`);
    return null;
  }
}

const FLAGS: readonly string[] = ['list', 'quick', 'json', 'keep', 'help'];
const ONCE: readonly string[] = ['max', 'minutes', 'from'];
const VALUES: readonly string[] = [...ONCE, 'row'];

interface Given {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly problems: string[];
}

/** Collects what is wrong instead of stopping at the first, as `parseArgs` by itself would. */
function read(argv: readonly string[]): Given {
  const options = {
    ...Object.fromEntries(FLAGS.map((name) => [name, { type: 'boolean' as const }])),
    ...Object.fromEntries(VALUES.map((name) => [name, { type: 'string' as const }])),
  };
  const { tokens } = parseArgs({ args: [...argv], strict: false, tokens: true, allowPositionals: true, options });
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`${token.value} is no option; only options are taken`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const before = values.get(name) ?? [];
    // `--row --json` is a forgotten value.
    const missing = !value || (inlineValue === false && value.startsWith('--'));
    if (FLAGS.includes(name) && value === undefined) flags.add(name);
    else if (FLAGS.includes(name)) problems.push(`${rawName} takes no value`);
    else if (!VALUES.includes(name)) problems.push(`there is no option ${rawName}`);
    else if (missing) problems.push(`${rawName} needs a value`);
    else if (ONCE.includes(name) && before.length > 0) problems.push(`${rawName} is given twice`);
    else values.set(name, [...before, value]);
  }
  return { flags, values, problems };
}
