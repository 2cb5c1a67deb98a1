import { CommandLine } from '@lockstep/command-line';
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

const SEED_MOST = 2 ** 31 - 1;
const CLUSTERS_MOST = 1e9;
const MINUTES_MOST = 60 * 24 * 7;

const FORM = { flags: ['json', 'help'], values: ['scenario', 'seed', 'clusters', 'minutes'] } as const;

/** Throws a `UsageError` with every problem. */
export function parseInvocation(argv: readonly string[]): Invocation {
  const line = new CommandLine(argv, FORM);
  const seed = line.whole('seed', 0, SEED_MOST);
  const clusters = line.whole('clusters', 1, CLUSTERS_MOST);
  const minutes = line.number('minutes', 0.001, MINUTES_MOST);
  if (clusters !== null && minutes !== null) line.problems.push('--clusters and --minutes exclude each other');
  const names = SCENARIOS.map(({ name }) => name);
  const scenario = line.value('scenario');
  if (scenario !== null && !names.includes(scenario)) {
    line.problems.push(`--scenario is "${scenario}"; it is one of ${names.join(', ')}`);
  }
  line.check();
  const single = seed !== null && minutes === null ? 1 : null;
  return {
    help: line.flag('help'),
    scenarios: scenario === null ? names : [scenario],
    seed,
    clusters: clusters ?? single,
    minutes: minutes ?? 1,
    json: line.flag('json'),
  };
}
