import { ratiosOf, type Spread, spreadOf } from './statistics.ts';

/** One line of the table. */
export interface Row {
  readonly group: string;
  readonly name: string;
  readonly unit: string;
  readonly value: Spread;
  /** The same measured beside it, and how many times that this is, round by round. */
  readonly against: { readonly name: string; readonly ratio: Spread } | null;
  readonly promise: Promised | null;
}

/** What is promised of the median ratio. */
export interface Promised {
  readonly bound: 'at least' | 'at most';
  readonly ratio: number;
  readonly kept: boolean;
}

/** Ours against the other's, from the figures of the same rounds. */
export function rowOf(
  group: string,
  unit: string,
  measured: ReadonlyMap<string, readonly number[]>,
  name: string,
  against?: string,
  promised?: readonly [Promised['bound'], number],
): Row {
  const figures = figuresOf(measured, name);
  if (against === undefined) return { group, name, unit, value: spreadOf(figures), against: null, promise: null };
  const ratio = spreadOf(ratiosOf(figures, figuresOf(measured, against)));
  const promise = promised === undefined ? null : judged(promised, ratio.median);
  return { group, name, unit, value: spreadOf(figures), against: { name: against, ratio }, promise };
}

function judged([bound, ratio]: readonly [Promised['bound'], number], median: number): Promised {
  return { bound, ratio, kept: bound === 'at least' ? median >= ratio : median <= ratio };
}

function figuresOf(measured: ReadonlyMap<string, readonly number[]>, name: string): readonly number[] {
  const figures = measured.get(name);
  if (figures === undefined) throw new Error(`nothing was measured of ${name}`);
  return figures;
}
