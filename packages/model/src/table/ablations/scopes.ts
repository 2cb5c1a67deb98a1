import type { Partition } from '@lockstep/cache/core/partition';
import type { Scope } from '../../world/scope.ts';

/** One rule of docs/PROTOCOL.md taken out, and a scope in which that shows. */
export interface Ablation {
  /** The rule. */
  readonly without: string;
  readonly scope: Scope;
  /** Steps of a shortest counterexample, at most. */
  readonly within: number;
}

/** Only B has an L1 and reads; A writes. */
export const NARROW = { l1: ['B'], readers: ['B'], grain: 'coarse' } as const;
/** The same, and A reads L2 by script. */
export const WIDE = { ...NARROW, readers: ['A', 'B'] } as const;
/** Both replicas have an L1. */
export const FULL = { ...WIDE, l1: ['A', 'B'] } as const;
/** Strong reads, which ask no L1. */
export const STRONG = { ...WIDE, l1: [], property: 'strong' } as const;

export const MUTATE = [{ kind: 'm', on: 'A' }] as const;
export const PLAIN = [{ kind: 'p', on: 'A' }] as const;
export const PSQL = [{ kind: 'q', on: 'A' }] as const;

/** The core's own fields, as far as what is put in its place needs them. */
export interface Own {
  readonly partition: Partition;
}

export const always = () => true;
export const nothing = () => undefined;
