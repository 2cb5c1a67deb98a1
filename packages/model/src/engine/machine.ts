import { Codec } from './codec.ts';
import { Pool } from './pool.ts';
import type { Law, Operation, Rule, System, View } from './system.ts';
import { Tuples } from './tuples.ts';

/** What a move does to the numbers of a state. */
interface Outcome {
  /** Its place among the moves of its rule. */
  readonly ordinal: number;
  readonly words: string;
  /** slot, number, slot, number, ... */
  readonly changes: readonly number[];
  /** slot, operation, slot, operation, ... */
  readonly operations: readonly number[];
  readonly wrong: string | undefined;
}

interface CompiledGuard {
  readonly slot: number;
  readonly any: number;
}

interface Compiled<R> {
  readonly of: R;
  /** Those that may change come first. */
  readonly slots: readonly number[];
  readonly changing: number;
  readonly guards: readonly CompiledGuard[];
  /** Components -> 1 + index of what was found for them. */
  readonly known: Tuples;
}

/** One step from a state. */
export interface Step {
  readonly rule: number;
  readonly ordinal: number;
}

/** A step, what it is in words, where it leads, and what is wrong with it or with the state that it leads to. */
export interface Taken {
  readonly step: Step;
  readonly words: string;
  readonly next: Uint32Array;
  readonly wrong: string | undefined;
}

const COMPONENT_AND_OPERATION = [0, 1];

/** A system, its states as vectors of component numbers, and all that was ever computed about it. */
export class Machine {
  readonly width: number;
  readonly pools: readonly Pool[];
  private readonly system: System;
  private readonly checked: boolean;
  private readonly index: ReadonlyMap<string, number>;
  private readonly rules: readonly Compiled<Rule>[];
  private readonly laws: readonly Compiled<Law>[];
  private readonly outcomes: (readonly Outcome[])[] = [];
  private readonly wrongs: string[] = [];
  private readonly operations: Operation[] = [];
  private readonly operationNumbers = new Map<string, number>();
  /** For each slot: component and operation -> 1 + component. */
  private readonly performed: readonly Tuples[];
  private readonly pair = new Uint32Array(2);

  /** `checked`: every move is tested to change nothing that its rule only reads; for tests, as it takes time. */
  constructor(system: System, checked = false) {
    const codec = new Codec();
    this.system = system;
    this.checked = checked;
    this.width = system.slots.length;
    this.pools = system.slots.map((slot) => new Pool(slot, codec));
    this.index = new Map(system.slots.map(({ name }, i) => [name, i]));
    this.rules = system.rules.map((rule) => this.compile(rule));
    this.laws = system.laws.map((law) => this.compile(law));
    this.performed = system.slots.map(() => new Tuples(2));
  }

  start(): Uint32Array {
    return Uint32Array.from(this.system.slots, ({ start }, i) => this.pool(i).add(start));
  }

  /**
   * Calls `visit` with each successor of the state at `from`, in `into`, which is used again for the next. Ends early,
   * and answers true, when `visit` answers true.
   */
  successors(
    states: Uint32Array,
    from: number,
    into: Uint32Array,
    visit: (step: Step, wrong: string | undefined) => boolean,
  ): boolean {
    for (let rule = 0; rule < this.rules.length; rule++) {
      const compiled = this.rules[rule] as Compiled<Rule>;
      if (!this.guarded(compiled.guards, states, from)) continue;
      let known = compiled.known.get(states, from, compiled.slots);
      if (known === 0) {
        known = this.outcomes.push(this.compute(compiled, states, from));
        compiled.known.set(states, from, compiled.slots, known);
      }
      for (const outcome of this.outcomes[known - 1] as readonly Outcome[]) {
        if (!this.apply(outcome, states, from, into) && outcome.wrong === undefined) continue;
        if (visit({ rule, ordinal: outcome.ordinal }, outcome.wrong)) return true;
      }
    }
    return false;
  }

  /** What is wrong in this state, if anything. */
  judge(states: Uint32Array, from: number): string | undefined {
    for (const compiled of this.laws) {
      if (!this.guarded(compiled.guards, states, from)) continue;
      let known = compiled.known.get(states, from, compiled.slots);
      if (known === 0) {
        const wrong = compiled.of.judge(this.view(compiled, states, from, []));
        known = wrong === undefined ? 1 : 1 + this.wrongs.push(wrong);
        compiled.known.set(states, from, compiled.slots, known);
      }
      if (known > 1) return this.wrongs[known - 2];
    }
    return undefined;
  }

  /** All that can happen in this state, in words. */
  steps(state: Uint32Array): Taken[] {
    return this.rules.flatMap((compiled, rule) => {
      if (!this.guarded(compiled.guards, state, 0)) return [];
      return this.compute(compiled, state, 0).map((outcome) => this.taken(state, rule, outcome));
    });
  }

  /** One of these steps. */
  take(state: Uint32Array, { rule, ordinal }: Step): Taken {
    return this.taken(state, rule, this.compute(this.rules[rule] as Compiled<Rule>, state, 0)[ordinal] as Outcome);
  }

  /** A copy of one component of a state. */
  component(state: Uint32Array, slot: string): unknown {
    const at = this.at(slot);
    return this.pool(at).take(state[at] as number);
  }

  private compile<R extends Rule | Law>(of: R): Compiled<R> {
    return {
      of,
      slots: [...of.slots, ...(of.reads ?? [])].map((name) => this.at(name)),
      changing: of.slots.length,
      guards: (of.guards ?? []).map(({ slot, any }) => ({ slot: this.at(slot), any })),
      known: new Tuples(of.slots.length + (of.reads?.length ?? 0)),
    };
  }

  private guarded(guards: readonly CompiledGuard[], states: Uint32Array, from: number): boolean {
    for (const { slot, any } of guards) {
      if (!this.pool(slot).has(states[from + slot] as number, any)) return false;
    }
    return true;
  }

  private taken(state: Uint32Array, rule: number, outcome: Outcome): Taken {
    const next = state.slice();
    this.apply(outcome, state, 0, next);
    const { ordinal, words, wrong } = outcome;
    return { step: { rule, ordinal }, words, next, wrong: wrong ?? this.judge(next, 0) };
  }

  private compute(compiled: Compiled<Rule>, states: Uint32Array, from: number): Outcome[] {
    const { of, slots, changing } = compiled;
    const moves = typeof of.moves === 'function' ? of.moves(this.view(compiled, states, from, [])) : of.moves;
    return moves.map((move, ordinal) => {
      const operations: number[] = [];
      const view = this.view(compiled, states, from, operations);
      const { words, wrong } = move(view);
      this.system.unlink?.(view);
      const changes: number[] = [];
      for (let i = 0; i < changing; i++) {
        const slot = slots[i] as number;
        const pool = this.pool(slot);
        const number = pool.add(view[pool.slot.name]);
        if (number !== states[from + slot]) changes.push(slot, number);
      }
      if (this.checked) this.check(compiled, view, states, from);
      return { ordinal, words, changes, operations, wrong };
    });
  }

  private check({ of, slots, changing }: Compiled<Rule>, view: View, states: Uint32Array, from: number): void {
    for (const slot of slots.slice(changing)) {
      const pool = this.pool(slot);
      const { name } = pool.slot;
      if (pool.add(view[name]) !== states[from + slot]) throw new TypeError(`a move of "${of.name}" changes ${name}`);
    }
  }

  private view(
    { slots, changing }: Compiled<Rule | Law>,
    states: Uint32Array,
    from: number,
    operations: number[],
  ): View {
    const then = (slot: string, operation: Operation) => {
      operations.push(this.at(slot), this.operationNumber(operation));
    };
    const view: View = { then } as View;
    for (const [i, slot] of slots.entries()) {
      const pool = this.pool(slot);
      const number = states[from + slot] as number;
      view[pool.slot.name] = i < changing ? pool.take(number) : pool.look(number);
    }
    this.system.link?.(view);
    return view;
  }

  /** False if nothing changed. */
  private apply(outcome: Outcome, states: Uint32Array, from: number, into: Uint32Array): boolean {
    const { changes, operations } = outcome;
    if (changes.length === 0 && operations.length === 0) return false;
    for (let i = 0; i < this.width; i++) into[i] = states[from + i] as number;
    for (let i = 0; i < changes.length; i += 2) into[changes[i] as number] = changes[i + 1] as number;
    for (let i = 0; i < operations.length; i += 2) {
      const slot = operations[i] as number;
      into[slot] = this.perform(slot, into[slot] as number, operations[i + 1] as number);
    }
    return true;
  }

  private perform(slot: number, component: number, operation: number): number {
    const performed = this.performed[slot] as Tuples;
    this.pair[0] = component;
    this.pair[1] = operation;
    const known = performed.get(this.pair, 0, COMPONENT_AND_OPERATION);
    if (known !== 0) return known - 1;
    const pool = this.pool(slot);
    const changed = pool.take(component);
    const { name, perform } = pool.slot;
    if (perform === undefined) throw new TypeError(`nothing can be done to ${name} from outside`);
    perform(changed as never, this.operations[operation] as Operation);
    const number = pool.add(changed);
    this.pair[0] = component;
    this.pair[1] = operation;
    performed.set(this.pair, 0, COMPONENT_AND_OPERATION, number + 1);
    return number;
  }

  private operationNumber(operation: Operation): number {
    const text = JSON.stringify(operation);
    let number = this.operationNumbers.get(text);
    if (number === undefined) {
      number = this.operations.push(operation) - 1;
      this.operationNumbers.set(text, number);
    }
    return number;
  }

  private pool(slot: number): Pool {
    return this.pools[slot] as Pool;
  }

  private at(name: string): number {
    const at = this.index.get(name);
    if (at === undefined) throw new TypeError(`there is no slot ${name}`);
    return at;
  }
}
