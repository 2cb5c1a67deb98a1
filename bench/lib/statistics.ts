/** A figure measured several times: its middle, and how far the rounds lay apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws where there is nothing: a figure of no rounds must not look like one. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0 || values.some(Number.isNaN)) throw new Error('a spread needs numbers, at least one');
  const sorted = [...values].sort((a, b) => a - b);
  return { median: middle(sorted), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/** The value that `part` of the values are not above (nearest rank). */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new Error('a percentile needs values');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

/**
 * Ours against the other's, round by round. What slows the machine for a while slows both of a round, which lie beside
 * each other in time; it would not slow both medians alike.
 */
export function ratiosOf(ours: readonly number[], others: readonly number[]): number[] {
  if (ours.length !== others.length) throw new Error('ratios need both of every round');
  return ours.map((value, round) => value / (others[round] ?? Number.NaN));
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? 0;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? 0) + upper) / 2 : upper;
}
