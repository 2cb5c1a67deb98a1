import type { Plan } from '../plan/plan.ts';
import { streamOf } from '../time/random.ts';

/** Simulations that one shrinking may cost. */
const TRIES_MOST = 2_000;
/** Latencies that are tried for each smaller plan: what is left out shifts all that is drawn after it. */
const DICE = 2;

/**
 * The smallest plan that still fails, as far as it can be found: operations and faults are left out, in halves, quarters and
 * one by one, and what is left is made shorter. `fails` tells of a plan whether it fails in the same way.
 */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  const shrinking = new Shrinking(plan, fails);
  let before: Plan;
  do {
    before = shrinking.plan;
    await shrinking.leaveOut('faults');
    await shrinking.leaveOut('operations');
    await shrinking.shorten();
  } while (before !== shrinking.plan && !shrinking.exhausted);
  return shrinking.plan;
}

class Shrinking {
  plan: Plan;
  readonly #fails: (plan: Plan) => Promise<boolean>;
  #tries = 0;

  constructor(plan: Plan, fails: (plan: Plan) => Promise<boolean>) {
    this.plan = plan;
    this.#fails = fails;
  }

  get exhausted(): boolean {
    return this.#tries >= TRIES_MOST;
  }

  async leaveOut(what: 'faults' | 'operations'): Promise<void> {
    for (let size = Math.ceil(this.plan[what].length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < this.plan[what].length && !this.exhausted; ) {
        const rest = [...this.plan[what].slice(0, from), ...this.plan[what].slice(from + size)];
        if (!(await this.#take({ ...this.plan, [what]: rest }))) from += size;
      }
    }
  }

  async shorten(): Promise<void> {
    for (const [index, fault] of this.plan.faults.entries()) {
      if (!('ms' in fault) || fault.ms < 2) continue;
      const faults = this.plan.faults.with(index, { ...fault, ms: Math.round(fault.ms / 2) });
      await this.#take({ ...this.plan, faults });
    }
    const last = Math.max(0, ...this.plan.operations.map(({ at }) => at), ...this.plan.faults.map(({ at }) => at));
    if (last + 20 < this.plan.quietAt) await this.#take({ ...this.plan, quietAt: Math.ceil(last + 20) });
  }

  async #take(smaller: Plan): Promise<boolean> {
    for (let dice = 0; dice < DICE && !this.exhausted; dice++) {
      this.#tries++;
      const plan = dice === 0 ? smaller : { ...smaller, dice: streamOf(smaller.dice, dice) };
      if (await this.#fails(plan)) {
        this.plan = plan;
        return true;
      }
    }
    return false;
  }
}
