import { setTimeout as after } from 'node:timers/promises';
import type { Target } from './target.ts';

/** One change of the number of replicas, and what came of it. */
export interface Step {
  readonly replicas: number;
  /** Ms since 1970. */
  readonly ordered: number;
  readonly done: number;
}

export interface Scaling {
  readonly steps: readonly Step[];
  /** Null when all was done. */
  readonly error: unknown;
}

export const REPLICAS_AT_FIRST = 3;
/** When, as a part of the run, how many; a step waits for the one before. */
const STEPS = [
  { at: 0.2, replicas: 6 },
  { at: 0.6, replicas: 2 },
] as const;
const REPLICAS_AT_MOST = Math.max(...STEPS.map(({ replicas }) => replicas));

/** Scales while the load goes on, until its end (the signal) or until all is done. Never throws. */
export async function scaleMeanwhile(
  target: Target,
  durationS: number,
  say: (line: string) => void,
  loadEnded: AbortSignal,
): Promise<Scaling> {
  const begun = Date.now();
  const steps: Step[] = [];
  try {
    for (const { at, replicas } of STEPS) {
      await after(Math.max(0, begun + at * durationS * 1_000 - Date.now()), null, { signal: loadEnded });
      const ordered = Date.now();
      say(`to ${replicas} replicas`);
      await target.scale(replicas);
      steps.push({ replicas, ordered, done: Date.now() });
    }
    return { steps, error: null };
  } catch (error) {
    return { steps, error };
  }
}

/** Why the scaling proves nothing, or failed; empty when each replica has come, served and gone under load. */
export function scalingReasons(
  { steps, error }: Scaling,
  loadEnded: number,
  served: ReadonlyMap<string, number>,
): string[] {
  if (error !== null && (error as Error).name !== 'AbortError') return [`scaling has failed: ${String(error)}`];
  const late = steps.length < STEPS.length || steps.some(({ done }) => done > loadEnded);
  return [
    ...(late ? ['the load ended before the replicas were scaled: take a longer --duration'] : []),
    ...(served.size < REPLICAS_AT_MOST ? [`only ${served.size} of ${REPLICAS_AT_MOST} replicas have served`] : []),
  ];
}

/** How long after the order each replica that came with it gave its first answer, ms, by name. */
export function firstAnswers({ ordered }: Step, served: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...served].filter(([, at]) => at > ordered).map(([name, at]) => [name, at - ordered]));
}
