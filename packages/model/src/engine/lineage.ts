import type { Step } from './machine.ts';

const BLOCK = 1 << 18;
/** Moves of one rule in one state, at most. */
const ORDINALS = 256;

/** For each state, in the order of their discovery: which state it was reached from, and by which step. */
export class Lineage {
  private readonly parents: Uint32Array[] = [];
  private readonly steps: Uint16Array[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(parent: number, { rule, ordinal }: Step): void {
    if (ordinal >= ORDINALS) throw new RangeError(`rule ${rule} has more than ${ORDINALS} moves`);
    const at = this.count++ % BLOCK;
    if (at === 0) {
      this.parents.push(new Uint32Array(BLOCK));
      this.steps.push(new Uint16Array(BLOCK));
    }
    (this.parents.at(-1) as Uint32Array)[at] = parent;
    (this.steps.at(-1) as Uint16Array)[at] = rule * ORDINALS + ordinal;
  }

  /** The steps that lead from state 0 to this one. */
  path(state: number): Step[] {
    const path: Step[] = [];
    for (let at = state; at !== 0; ) {
      const step = (this.steps[Math.floor(at / BLOCK)] as Uint16Array)[at % BLOCK] as number;
      path.push({ rule: Math.floor(step / ORDINALS), ordinal: step % ORDINALS });
      at = (this.parents[Math.floor(at / BLOCK)] as Uint32Array)[at % BLOCK] as number;
    }
    return path.reverse();
  }
}
