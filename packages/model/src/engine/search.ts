import { Lineage } from './lineage.ts';
import { Machine, type Step } from './machine.ts';
import { Queue } from './queue.ts';
import type { System } from './system.ts';
import { Visited } from './visited.ts';

export interface Limits {
  /** States, after which the search gives up. */
  readonly states: number;
  /** Steps from the start beyond which nothing is looked at. */
  readonly depth: number;
  /** Asked now and then; true ends the search. */
  readonly enough?: () => boolean;
  /** Rules are held to what they say that they only read. */
  readonly checked?: boolean;
}

/** A shortest way to something that must not be. */
export interface Trace {
  readonly steps: readonly string[];
  readonly wrong: string;
}

export interface Found {
  /** `safe`: every reachable state was looked at. `open`: a limit came first, and nothing was found until then. */
  readonly verdict: 'safe' | 'unsafe' | 'open';
  readonly states: number;
  readonly transitions: number;
  /** Steps from the start to the farthest state that was looked at. */
  readonly depth: number;
  readonly trace?: Trace;
}

/** States between two looks at the limits. */
const LOOK_EVERY = 1 << 12;

/** Breadth-first, so that what is found is found in as few steps as possible. */
export function search(system: System, limits: Limits): Found {
  return new Search(new Machine(system, limits.checked), limits).run();
}

class Search {
  private readonly machine: Machine;
  private readonly limits: Limits;
  private readonly visited = new Visited();
  private readonly lineage = new Lineage();
  private readonly into: Uint32Array;
  private next: Queue;
  private transitions = 0;
  /** The state being looked at, by its number. */
  private parent = 0;
  private trace: Trace | undefined;

  constructor(machine: Machine, limits: Limits) {
    this.machine = machine;
    this.limits = limits;
    this.into = new Uint32Array(machine.width);
    this.next = new Queue(machine.width);
  }

  run(): Found {
    const { machine, limits } = this;
    this.into.set(machine.start());
    this.discover({ rule: 0, ordinal: 0 });
    for (let depth = 0; ; depth++) {
      const here = this.next;
      if (this.trace !== undefined) return this.found('unsafe', depth);
      if (here.size === 0) return this.found('safe', depth - 1);
      if (depth >= limits.depth) return this.found('open', depth);
      this.next = new Queue(machine.width);
      const ended = here.drain((states, from) => {
        const stop = machine.successors(states, from, this.into, this.visit);
        this.parent++;
        return stop || (this.parent % LOOK_EVERY === 0 && this.enough());
      });
      if (ended) return this.found(this.trace === undefined ? 'open' : 'unsafe', depth + (this.trace ? 1 : 0));
    }
  }

  private readonly visit = (step: Step, wrong: string | undefined): boolean => {
    this.transitions++;
    if (wrong === undefined) return this.discover(step);
    this.trace = { steps: this.told(this.parent, step), wrong };
    return true;
  };

  /** Notes the state in `into` if it is new; true if something is wrong with it. */
  private discover(step: Step): boolean {
    if (!this.visited.add(this.into, 0, this.machine.width)) return false;
    const number = this.lineage.size;
    this.lineage.push(this.parent, step);
    const wrong = this.machine.judge(this.into, 0);
    if (wrong === undefined) {
      this.next.push(this.into);
      return false;
    }
    this.trace = { steps: this.told(number), wrong };
    return true;
  }

  /** The way to a state, and perhaps one step from there, in words. */
  private told(state: number, last?: Step): string[] {
    const { machine } = this;
    const path = this.lineage.path(state);
    if (last !== undefined) path.push(last);
    let at = machine.start();
    return path.map((step) => {
      const { words, next } = machine.take(at, step);
      at = next;
      return words;
    });
  }

  private enough(): boolean {
    return this.lineage.size >= this.limits.states || this.limits.enough?.() === true;
  }

  private found(verdict: Found['verdict'], depth: number): Found {
    const found = { verdict, states: this.lineage.size, transitions: this.transitions, depth };
    return this.trace === undefined ? found : { ...found, trace: this.trace };
  }
}
