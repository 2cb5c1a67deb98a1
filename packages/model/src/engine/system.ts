/**
 * What is explored: a state is one component in each slot, and every rule says which slots it looks at. What a rule does
 * with the same components is computed once, whatever stands in the other slots.
 */

/** What may be done to a component from outside: by name, with plain data. */
export interface Operation {
  readonly do: string;
  readonly with?: unknown;
}

export interface Slot {
  readonly name: string;
  readonly start: unknown;
  /** Bits that guards ask for; computed once for each component. */
  flags?(component: never): number;
  /** Removes what tells components apart without influence on what they do; called after each change. */
  tidy?(component: never): void;
  /** Performs what a move of another slot wants of this one. */
  perform?(component: never, operation: Operation): void;
}

/** Copies of the components that a rule looks at, by the slot's name; a move may change them. */
export type View = Record<string, unknown> & {
  /** To be done, after the move, to a component that the rule does not look at; in the order of the calls. */
  readonly then: (slot: string, operation: Operation) => void;
};

/** Changes the view, and tells of it. */
export type Move = (view: View) => Told;

export interface Told {
  /** What happened, for the trace. */
  readonly words: string;
  /** What is wrong with that, if anything. */
  readonly wrong?: string | undefined;
}

export interface Guard {
  readonly slot: string;
  /** At least one of these bits must be set. */
  readonly any: number;
}

export interface Rule {
  readonly name: string;
  /** What its moves may change. */
  readonly slots: readonly string[];
  /** What they only read: they get the same object every time. */
  readonly reads?: readonly string[];
  /** All must hold; they save a look at the components. */
  readonly guards?: readonly Guard[];
  /** What can happen, given these components: it reads the view only. The same components give the same list. */
  readonly moves: readonly Move[] | ((view: View) => readonly Move[]);
}

/** What must be true in every state. */
export interface Law {
  readonly name: string;
  readonly slots: readonly string[];
  readonly reads?: readonly string[];
  /** The law is judged where all of them hold. */
  readonly guards?: readonly Guard[];
  /** What is wrong, if anything; may change the view, which is thrown away. */
  readonly judge: (view: View) => string | undefined;
}

export interface System {
  readonly slots: readonly Slot[];
  readonly rules: readonly Rule[];
  readonly laws: readonly Law[];
  /** Ties components that point at each other, in a view that has just been made, and unties them again. */
  link?(view: View): void;
  unlink?(view: View): void;
}
