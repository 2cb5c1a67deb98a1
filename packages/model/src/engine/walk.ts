import { Machine } from './machine.ts';
import type { System } from './system.ts';

export interface Walked {
  /** What was wrong, and after how many steps. */
  readonly wrong: { readonly what: string; readonly after: number } | undefined;
  /** The first step that no move of its state has the words of, with the words that it has. */
  readonly stuck: { readonly at: number; readonly step: string; readonly moves: readonly string[] } | undefined;
  readonly machine: Machine;
  readonly state: Uint32Array;
}

/**
 * Takes the moves with these words, one after the other, until one is not there or something is wrong. Where no move has
 * the very words, one will do that is `alike`: of which that function gives the same.
 */
export function walk(system: System, steps: readonly string[], alike?: (words: string) => string): Walked {
  const machine = new Machine(system);
  let state: Uint32Array = machine.start();
  for (const [at, step] of steps.entries()) {
    const possible = machine.steps(state);
    const taken =
      possible.find(({ words }) => words === step) ??
      (alike && possible.find(({ words }) => alike(words) === alike(step)));
    if (taken === undefined) {
      return { wrong: undefined, stuck: { at, step, moves: possible.map(({ words }) => words) }, machine, state };
    }
    state = taken.next;
    if (taken.wrong !== undefined) {
      return { wrong: { what: taken.wrong, after: at + 1 }, stuck: undefined, machine, state };
    }
  }
  return { wrong: undefined, stuck: undefined, machine, state };
}
