import { parseArgs } from 'node:util';
import { LoadtestError } from './errors.ts';

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

/** Reads a command line, null for a call for help; throws E_LOADTEST_USAGE with every problem of it. */
export function parseInvocation(argv: readonly string[]): Invocation | null {
  const { values, positionals, problems } = read(argv);
  if (values.help === true) return null;
  const [name, ...more] = positionals;
  const scenario = isScenario(name) ? name : 'smoke';
  if (name === undefined) problems.push(`name a scenario: ${Object.keys(SCENARIOS).join(', ')}`);
  else if (!isScenario(name)) problems.push(`there is no ${name}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  for (const extra of more) problems.push(`one scenario at a time: ${extra} is too many`);
  const { durationS, rate } = SCENARIOS[scenario];
  const whole = (option: 'duration' | 'rate', least: number, most: number) => {
    const text = values[option];
    if (text === undefined) return null;
    const value = /^\d{1,9}$/.test(String(text)) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      problems.push(`--${option} is "${text}"; for ${scenario} it is a whole number from ${least} to ${most}`);
    }
    return value;
  };
  if (rate === null && values.rate !== undefined) problems.push(`${scenario} does not take --rate`);
  const cluster = typeof values.cluster === 'string' ? values.cluster : null;
  if (cluster !== null && !URL.canParse(cluster)) {
    problems.push(`--cluster is "${cluster}"; it is a URL, as \`npm start -- status\` prints it`);
  }
  if (cluster !== null && values.compose === true) problems.push('--compose and --cluster name two clusters: take one');
  const invocation = {
    scenario,
    compose: values.compose === true,
    cluster,
    durationS: whole('duration', scenario === 'scale' ? SCALE_LEAST_S : 1, DURATION_MOST_S) ?? durationS,
    rate: whole('rate', 1, RATE_MOST) ?? rate ?? 1,
    json: values.json === true,
  };
  if (problems.length > 0) throw new LoadtestError('E_LOADTEST_USAGE', problems.join('\n'));
  return invocation;
}

const FLAGS = ['help', 'compose', 'json'] as const;
const VALUES = ['cluster', 'duration', 'rate'] as const;

interface Given {
  readonly values: Partial<Record<(typeof FLAGS)[number] | (typeof VALUES)[number], string | true>>;
  readonly positionals: readonly string[];
  readonly problems: string[];
}

/** Collects what is wrong instead of stopping at the first, as `parseArgs` by itself would. */
function read(argv: readonly string[]): Given {
  const options = {
    ...Object.fromEntries(FLAGS.map((name) => [name, { type: 'boolean' as const }])),
    ...Object.fromEntries(VALUES.map((name) => [name, { type: 'string' as const }])),
  };
  const { tokens } = parseArgs({ args: [...argv], strict: false, tokens: true, allowPositionals: true, options });
  const values: Given['values'] = {};
  const positionals: string[] = [];
  const problems: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = FLAGS.find((name) => name === token.name);
    const valued = VALUES.find((name) => name === token.name);
    // `--cluster --json` is a forgotten value.
    const missing = !token.value || (token.inlineValue === false && token.value.startsWith('--'));
    if (flag !== undefined && token.value === undefined) values[flag] = true;
    else if (flag !== undefined) problems.push(`${token.rawName} takes no value`);
    else if (valued === undefined) problems.push(`there is no option ${token.rawName}`);
    else if (missing) problems.push(`${token.rawName} needs a value`);
    else if (values[valued] !== undefined) problems.push(`${token.rawName} is given twice`);
    else values[valued] = token.value ?? '';
  }
  return { values, positionals, problems };
}

function isScenario(name: string | undefined): name is Scenario {
  return name !== undefined && Object.hasOwn(SCENARIOS, name);
}
