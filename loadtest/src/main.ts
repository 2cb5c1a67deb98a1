import { inspect } from 'node:util';
import { ClusterError, findCluster } from '@lockstep/cluster';
import { UsageError } from '@lockstep/command-line';
import { row } from '../lib/words.ts';
import { type Invocation, parseInvocation, USAGE } from './arguments.ts';
import { LoadtestError } from './errors.ts';
import { findK6 } from './k6.ts';
import { runScenario } from './run.ts';
import { clusterTarget, composeTarget } from './target.ts';
import { describeResult } from './words.ts';

const EXIT = { fine: 0, failed: 1, usage: 2, nothing: 3 } as const;

/** Obeys one command line of `npm run loadtest`; answers the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const invocation = parseInvocation(argv);
    if (invocation === null) {
      process.stdout.write(USAGE);
      return EXIT.fine;
    }
    return (await obey(invocation)) ? EXIT.fine : EXIT.failed;
  } catch (error) {
    return explain(error);
  }
}

async function obey({ scenario, compose, cluster, durationS, rate, json }: Invocation): Promise<boolean> {
  const target = compose ? await composeTarget() : await clusterTarget(await findCluster(cluster));
  const k6 = await findK6();
  const begun = performance.now();
  const words = json ? process.stderr : process.stdout;
  const protocol = target.protocol === null ? '' : `${target.protocol} protocol, `;
  const what = `${durationS} s against ${target.url} (${protocol}bound ${target.boundMs} ms), ${k6.name}`;
  words.write(`${scenario}: ${what}\n`);
  const say = (line: string) => {
    const after = `${((performance.now() - begun) / 1_000).toFixed(1)} s`;
    words.write(`${row(after, line)}\n`);
  };
  const result = await runScenario({ scenario, target, k6, durationS, rate, say, signal: interrupted() });
  words.write(`${describeResult(result)}\n`);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.held;
}

/** The first Ctrl-C ends the load and deletes what it created; the second ends us. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

/** Says what went wrong on standard error, and answers the exit code that says it again. */
function explain(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(error.told('loadtest', USAGE));
    return EXIT.usage;
  }
  const ours = error instanceof LoadtestError || error instanceof ClusterError;
  // Anything else is a defect of ours: its stack helps more than its message.
  for (const line of (ours ? error.message : inspect(error)).split('\n')) process.stderr.write(`loadtest: ${line}\n`);
  if (!ours) return EXIT.failed;
  if (error.code === 'E_CLUSTER_OPTIONS') return EXIT.usage;
  return error.code === 'E_LOADTEST_NOTHING' || error.code === 'E_CLUSTER_NONE' ? EXIT.nothing : EXIT.failed;
}

process.exit(await main(process.argv.slice(2)));
