import type { TestProject } from 'vitest/node';
import { engineProblem } from '../../packages/cluster/src/compose/docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why nothing can run in containers here; null when it can. */
    readonly engineProblem: string | null;
  }
}

/** Looks for a Docker engine, once, for all suites that need one, and says it aloud when there is none. */
export async function setup(project: TestProject): Promise<void> {
  const problem = await engineProblem();
  if (problem !== null) {
    console.warn(`\n*** No Docker engine: every test on containers is SKIPPED (${problem}).`);
    console.warn('*** They count as skipped below. REQUIRE_DOCKER=1 makes that a failure.\n');
  }
  project.provide('engineProblem', problem);
}
