/** A cluster that ends as soon as it is at rest hides nothing that the whole settling time would have shown. */
import { expect, test } from 'vitest';
import { CONTROLS, controlPlan } from '../plan/controls.ts';
import { planOf, type Scenario } from '../plan/scenario.ts';
import { SCENARIOS, scenarioNamed } from '../plan/scenarios.ts';
import { run } from '../run.ts';
import type { Mechanisms } from '../world/mechanisms.ts';

const LIMIT_MS = 300_000;
const CLUSTERS = 40;

test('at rest means earlier, and right', async () => {
  const happened = { early: 0, whole: 0 };
  for (const scenario of SCENARIOS) {
    const plan = planOf(scenario, 11);
    const early = await run(plan);
    expect(early.judgement.findings).toEqual([]);
    happened.early += early.happened;
    happened.whole += (await run(plan, {}, { thorough: true })).happened;
  }
  expect(happened.early).toBeLessThan(happened.whole);
});

test.each(CONTROLS.filter(({ of }) => ['convergence', 'lists by tag', 'repair'].includes(of)))(
  'without a mechanism it finds as much: $name',
  async (control) => {
    for (let seed = 1; seed <= CLUSTERS; seed++) {
      const plan = controlPlan(control, seed);
      const kinds = async (thorough: boolean) =>
        (await run(plan, control.mechanisms, { thorough })).judgement.findings.map(({ kind }) => kind);
      expect({ seed, kinds: await kinds(false) }).toEqual({ seed, kinds: await kinds(true) });
    }
  },
  LIMIT_MS,
);

test('a proof from before the faults were healed is none', async () => {
  const plan = planOf(scenarioNamed('lossy bus') as Scenario, 1);
  // The last proofs still hold then, and for a while.
  const quietAt = 700;
  const operations = plan.operations.filter(({ at, ...action }) => at < quietAt && action.do === 'read');
  const { judgement } = await run({ ...plan, operations, faults: [], quietAt }, beatsUntil(4));
  expect(new Set(judgement.findings.map(({ kind }) => kind))).toEqual(new Set(['untrusted']));
});

/** Each cache hears of so many of its beats, and of none that follows. */
function beatsUntil(count: number): Mechanisms {
  return {
    requests: (requests) => {
      let beats = 0;
      const beat = () => (beats++ < count ? requests.beat() : new Promise<never>(() => undefined));
      return new Proxy(requests, {
        get: (target, name: keyof typeof requests) => (name === 'beat' ? beat : target[name].bind(target)),
      });
    },
  };
}
