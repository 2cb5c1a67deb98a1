import { setImmediate as turn } from 'node:timers/promises';
import { planOf, type Scenario } from '../plan/scenario.ts';
import { run } from '../run.ts';
import type { Checked } from '../verdict/judgement.ts';
import { type Counterexample, counterexample } from './counterexample.ts';

/** Every so many clusters the sieve's word is held against the whole verdict. */
const THOROUGH_EVERY = 50;
/** Clusters between two rounds of the event loop, in which signals and timers of the process have their turn. */
const TURN_EVERY = 16;

export interface SweepOptions {
  readonly firstSeed: number;
  /** Whichever comes first. */
  readonly clusters: number;
  readonly ms: number;
}

/** What many clusters of one scenario have shown. */
export interface Sweep {
  readonly scenario: string;
  readonly firstSeed: number;
  clusters: number;
  /** Planned for them; some never begin, as their client waits for another one until the end. */
  operations: number;
  writes: number;
  readonly checked: Checked;
  worstStalenessMs: number;
  /** Clusters in which a promise was broken: the sweep ends with the first. */
  broken: { readonly seed: number; readonly kind: string; readonly found: Counterexample } | null;
  /** Of the process, ms. */
  cpuMs: number;
  wallMs: number;
}

/** Simulates one seed after the other until one fails. */
export async function sweep(scenario: Scenario, { firstSeed, clusters, ms }: SweepOptions): Promise<Sweep> {
  const result = begun(scenario, firstSeed);
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (let seed = firstSeed; result.clusters < clusters && performance.now() - start < ms; seed++) {
    const plan = planOf(scenario, seed);
    const { judgement } = await run(plan, {}, { thorough: result.clusters % THOROUGH_EVERY === 0 });
    result.clusters++;
    result.operations += plan.operations.length;
    result.writes += judgement.writes;
    for (const level of Object.keys(result.checked) as (keyof Checked)[]) {
      result.checked[level] += judgement.checked[level];
    }
    result.worstStalenessMs = Math.max(result.worstStalenessMs, judgement.worstStalenessMs);
    const [finding] = judgement.findings;
    if (finding !== undefined) {
      result.broken = { seed, kind: finding.kind, found: await counterexample(plan, finding.kind) };
      break;
    }
    if (result.clusters % TURN_EVERY === 0) await turn();
  }
  const { user, system } = process.cpuUsage(cpu);
  result.cpuMs = (user + system) / 1_000;
  result.wallMs = performance.now() - start;
  return result;
}

function begun({ name: scenario }: Scenario, firstSeed: number): Sweep {
  return {
    scenario,
    firstSeed,
    clusters: 0,
    operations: 0,
    writes: 0,
    checked: { bounded: 0, session: 0, strong: 0, proved: 0 },
    worstStalenessMs: 0,
    broken: null,
    cpuMs: 0,
    wallMs: 0,
  };
}
