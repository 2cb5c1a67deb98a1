import { judge, type Operation, type Verdict } from '@lockstep/history';

/** The verdict over a history of products as they were seeded (version 1), with its line in words on the console, so that a run tells what it saw. */
export function verdictOn(what: string, history: readonly Operation[], boundMs: number): Verdict {
  const verdict = judge(history, { boundMs, initial: 1 });
  console.log(`${what}: ${verdict.summary}`);
  return verdict;
}
