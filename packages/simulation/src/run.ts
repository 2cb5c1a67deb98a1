import type { Plan } from './plan/plan.ts';
import { type Judgement, judgementOf } from './verdict/judgement.ts';
import { settle } from './verdict/rest.ts';
import { Cluster } from './world/cluster.ts';
import type { Mechanisms } from './world/mechanisms.ts';
import type { Line } from './world/trace.ts';

export interface Outcome {
  readonly judgement: Judgement;
  /** Equal for equal runs. */
  readonly hash: number;
  /** Things that happened. */
  readonly happened: number;
  /** What happened, in order; empty unless it was asked for. */
  readonly lines: readonly Line[];
}

export interface RunOptions {
  readonly traced?: boolean;
  /**
   * Goes on to the end of the settling time, even where everything is at rest before; and what has passed the sieve gets a
   * verdict nevertheless, which must be the same.
   */
  readonly thorough?: boolean;
}

/** Simulates one cluster and judges it. The same plan gives the same outcome, here and everywhere. */
export async function run(plan: Plan, mechanisms: Mechanisms = {}, options: RunOptions = {}): Promise<Outcome> {
  const cluster = new Cluster(plan, mechanisms, options.traced ?? false);
  const { stackTraceLimit } = Error;
  // Failing is what happens here, and nobody reads where, unless somebody looks.
  if (!options.traced) Error.stackTraceLimit = 0;
  try {
    await cluster.run();
    await settle(cluster, options.thorough ?? false);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  const { hash, happened } = cluster.agenda;
  const judgement = judgementOf(cluster, options.thorough);
  return { judgement, hash, happened, lines: cluster.trace?.lines ?? [] };
}
