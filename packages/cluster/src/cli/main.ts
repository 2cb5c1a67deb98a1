import { inspect } from 'node:util';
import type { Cluster } from '../cluster.ts';
import { findCluster } from '../control/remote-cluster.ts';
import { ClusterError } from '../errors.ts';
import type { ClusterOptions } from '../options.ts';
import { watch } from '../watch/watch.ts';
import { type Invocation, parseInvocation } from './arguments.ts';
import { runScenario } from './scenario.ts';
import { runStart } from './start.ts';
import { USAGE } from './usage.ts';
import { describeStatus } from './words.ts';

const EXIT = { fine: 0, failed: 1, usage: 2, nothing: 3 } as const;

/**
 * Obeys one command line of `npm start`: starts a cluster, or gives an order to the one that runs. Answers the exit code.
 * `overrides` goes before what the command line says of a start; it is how tests bring a replica of their own.
 */
export async function main(argv: readonly string[], overrides: ClusterOptions = {}): Promise<number> {
  // Whoever reads us may have gone, as `head -1` does; that ends neither a cluster nor its shutdown.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let invocation: Invocation;
  try {
    invocation = parseInvocation(argv);
  } catch (error) {
    const code = explain(error);
    process.stderr.write(`\n${USAGE}`);
    return code;
  }
  try {
    return (await obey(invocation, overrides)) ? EXIT.fine : EXIT.failed;
  } catch (error) {
    return explain(error);
  }
}

/** True when it was done, and came out as it should. */
async function obey(invocation: Invocation, overrides: ClusterOptions): Promise<boolean> {
  switch (invocation.command) {
    case 'help':
      process.stdout.write(USAGE);
      return true;
    case 'start':
      await runStart(invocation, overrides);
      return true;
    case 'scenario':
      return runScenario(invocation, overrides);
    default:
      await order(await findCluster(invocation.cluster), invocation);
      return true;
  }
}

/** Gives an order to a cluster that runs. */
async function order(
  cluster: Cluster,
  invocation: Exclude<Invocation, { command: 'help' | 'start' | 'scenario' }>,
): Promise<void> {
  switch (invocation.command) {
    case 'status': {
      const status = await cluster.status();
      process.stdout.write(invocation.json ? `${JSON.stringify(status)}\n` : `${describeStatus(status)}\n`);
      return;
    }
    case 'scale':
      await cluster.scale(invocation.replicas);
      return;
    case 'restart':
      await cluster.restart(invocation.name, invocation.options);
      return;
    case 'watch': {
      const { json, forS } = invocation;
      return watch(cluster, { json, forMs: forS === null ? null : forS * 1_000 });
    }
    case 'stop':
      return cluster.stop();
  }
}

/** Says what went wrong on standard error, and answers the exit code that says it again. */
function explain(error: unknown): number {
  // Anything else is a defect of ours: its stack helps more than its message.
  const text = error instanceof ClusterError ? error.message : inspect(error);
  for (const line of text.split('\n')) process.stderr.write(`lockstep: ${line}\n`);
  if (!(error instanceof ClusterError)) return EXIT.failed;
  if (error.code === 'E_CLUSTER_NONE') return EXIT.nothing;
  return error.code === 'E_CLUSTER_OPTIONS' || error.code === 'E_CLUSTER_NO_MEMBER' ? EXIT.usage : EXIT.failed;
}
