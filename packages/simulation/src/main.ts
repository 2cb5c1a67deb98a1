import { randomInt } from 'node:crypto';
import { UsageError } from '@lockstep/command-line';
import { type Invocation, parseInvocation, USAGE } from './cli/arguments.ts';
import { tell } from './cli/counterexample.ts';
import { header, json, line, total } from './cli/report.ts';
import { type Sweep, sweep } from './cli/sweep.ts';
import { planOf } from './plan/scenario.ts';
import { scenarioNamed } from './plan/scenarios.ts';

const EXIT = { kept: 0, broken: 1, usage: 2 } as const;
/** Unless told otherwise, each run looks at other seeds than the last. */
const SEEDS = 1_000_000_000;

async function main(argv: readonly string[]): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = parseInvocation(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(error.told('simulate', USAGE));
    return EXIT.usage;
  }
  if (invocation.help) {
    process.stdout.write(USAGE);
    return EXIT.kept;
  }
  return simulate(invocation);
}

async function simulate({ scenarios, seed, clusters, minutes, json: asJson }: Invocation): Promise<number> {
  const firstSeed = seed ?? randomInt(SEEDS);
  const ms = clusters === null ? (minutes * 60_000) / scenarios.length : Number.POSITIVE_INFINITY;
  const sweeps: Sweep[] = [];
  const write = (text: string) => process.stdout.write(`${text}\n`);
  if (!asJson) write(header());
  for (const name of scenarios) {
    const scenario = scenarioNamed(name);
    if (scenario === undefined) continue;
    const result = await sweep(scenario, { firstSeed, clusters: clusters ?? Number.POSITIVE_INFINITY, ms });
    sweeps.push(result);
    write(asJson ? json(result) : line(result));
    if (result.broken !== null)
      process.stderr.write(`\n${tell(planOf(scenario, result.broken.seed), result.broken.found)}\n`);
  }
  if (!asJson) write(`\n${total(sweeps)}`);
  return sweeps.some(({ broken }) => broken !== null) ? EXIT.broken : EXIT.kept;
}

process.exitCode = await main(process.argv.slice(2));
