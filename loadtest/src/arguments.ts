import { CommandLine } from '@lockstep/command-line';

/** What each scenario does unless it is told otherwise; `rate` null: it has none. */
const SCENARIOS = {
  smoke: { durationS: 10, rate: null },
  steady: { durationS: 30, rate: 200 },
  scale: { durationS: 40, rate: 200 },
  coherence: { durationS: 30, rate: 300 },
} as const satisfies Record<string, { readonly durationS: number; readonly rate: number | null }>;

export type Scenario = keyof typeof SCENARIOS;

export interface Invocation {
  readonly scenario: Scenario;
  readonly compose: boolean;
  readonly cluster: string | null;
  readonly durationS: number;
  /** Requests per second; of no meaning to `smoke`. */
  readonly rate: number;
  readonly json: boolean;
}

export const USAGE = `usage: npm run loadtest -- SCENARIO [OPTIONS]

  smoke             each route once per turn, and what must come of it
  steady            an open model: a few products get most requests, 19 of 20 read
  scale             the same while the replicas go 3 -> 6 -> 2: no request may fail
  coherence         sessions hop between replicas; every operation is judged

  --duration S      seconds, default 10, 30, 40, 30
  --rate N          requests per second, default 200, 200 and 300; smoke has none
  --compose         the cluster in containers at http://127.0.0.1:8080
  --cluster URL     which one, when several run from this checkout
  --json            the result as one line of JSON, words to standard error

k6 does the work: https://grafana.com/docs/k6/latest/set-up/install-k6
Exit codes: 0 thresholds hold, 1 failed with a reason, 2 wrong usage, 3 nothing runs.
`;

const DURATION_MOST_S = 86_400;
const RATE_MOST = 100_000;
/** Shorter than this, the replicas would still be scaling when the load ends. */
const SCALE_LEAST_S = 20;

const FORM = {
  flags: ['help', 'compose', 'json'],
  values: ['cluster', 'duration', 'rate'],
  operands: true,
} as const;

/** Reads a command line, null for a call for help; throws a `UsageError` with every problem of it. */
export function parseInvocation(argv: readonly string[]): Invocation | null {
  const line = new CommandLine(argv, FORM);
  const { problems, operands } = line;
  if (line.flag('help')) return null;
  const [name, ...more] = operands;
  const scenario = isScenario(name) ? name : 'smoke';
  if (name === undefined) problems.push(`name a scenario: ${Object.keys(SCENARIOS).join(', ')}`);
  else if (!isScenario(name)) problems.push(`there is no ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  for (const extra of more) problems.push(`one scenario at a time: ${extra} is too many`);
  const { durationS, rate } = SCENARIOS[scenario];
  if (rate === null && line.value('rate') !== null) problems.push(`${scenario} does not take --rate`);
  const cluster = line.value('cluster');
  if (cluster !== null && !URL.canParse(cluster)) {
    problems.push(`--cluster is "${cluster}"; it is a URL, as \`npm start -- status\` prints it`);
  }
  if (cluster !== null && line.flag('compose')) problems.push('--compose and --cluster name two clusters: take one');
  const invocation = {
    scenario,
    compose: line.flag('compose'),
    cluster,
    durationS: line.whole('duration', scenario === 'scale' ? SCALE_LEAST_S : 1, DURATION_MOST_S) ?? durationS,
    rate: line.whole('rate', 1, RATE_MOST) ?? rate ?? 1,
    json: line.flag('json'),
  };
  line.check();
  return invocation;
}

function isScenario(name: string | undefined): name is Scenario {
  return name !== undefined && Object.hasOwn(SCENARIOS, name);
}
