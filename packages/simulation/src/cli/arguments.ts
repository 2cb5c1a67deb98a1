import { parseArgs } from 'node:util';
import { SCENARIOS } from '../plan/scenarios.ts';

export const USAGE = `Simulates clusters in virtual time and judges their histories.

  npm run simulate [-- options]

  --scenario NAME   only this one: ${SCENARIOS.map(({ name }) => name).join(', ')}
  --seed N          the first seed; without --clusters and --minutes the only one, shown in full if it fails
  --clusters N      so many clusters of each scenario
  --minutes M       so long for all scenarios together; 1 if nothing else is said
  --json            one line of JSON for each scenario
  --help

Exit code: 0 if every promise was kept, 1 if one was broken, 2 if these options cannot be read.
`;

/** What a command line asks for. */
export interface Invocation {
  readonly help: boolean;
  readonly scenarios: readonly string[];
  /** Null: any. */
  readonly seed: number | null;
  /** Clusters of each scenario; null: as many as there is time for. */
  readonly clusters: number | null;
  readonly minutes: number;
  readonly json: boolean;
}

export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }
}

const SEED_MOST = 2 ** 31 - 1;
const CLUSTERS_MOST = 1e9;
const MINUTES_MOST = 60 * 24 * 7;

/** Throws a `UsageError` with every problem. */
export function parseInvocation(argv: readonly string[]): Invocation {
  const problems: string[] = [];
  const read = readOptions(argv, problems);
  const number = (name: 'seed' | 'clusters' | 'minutes', least: number, most: number): number | null => {
    const text = read[name];
    if (text === undefined) return null;
    const value = Number(text);
    if (value >= least && value <= most && (name === 'minutes' || Number.isInteger(value))) return value;
    problems.push(`--${name} must be a number from ${least} to ${most}, not ${text}`);
    return null;
  };
  const seed = number('seed', 0, SEED_MOST);
  const clusters = number('clusters', 1, CLUSTERS_MOST);
  const minutes = number('minutes', 0.001, MINUTES_MOST);
  if (clusters !== null && minutes !== null) problems.push('--clusters and --minutes exclude each other');
  const names = SCENARIOS.map(({ name }) => name);
  if (read.scenario !== undefined && !names.includes(read.scenario)) {
    problems.push(`--scenario must be one of ${names.join(', ')}, not ${read.scenario}`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  const single = seed !== null && minutes === null ? 1 : null;
  return {
    help: read.help === true,
    scenarios: read.scenario === undefined ? names : [read.scenario],
    seed,
    clusters: clusters ?? single,
    minutes: minutes ?? 1,
    json: read.json === true,
  };
}

interface Options {
  readonly scenario?: string;
  readonly seed?: string;
  readonly clusters?: string;
  readonly minutes?: string;
  readonly json?: boolean;
  readonly help?: boolean;
}

function readOptions(argv: readonly string[], problems: string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        scenario: { type: 'string' },
        seed: { type: 'string' },
        clusters: { type: 'string' },
        minutes: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    problems.push((error as Error).message);
    return {};
  }
}
