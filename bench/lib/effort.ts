/** How much is measured: for figures, or only to see that everything runs. */
export interface Effort {
  readonly rounds: number;
  /** Operations of a round, as a part of what is needed for a figure. */
  readonly scale: number;
  /** Length of a round over HTTP, ms. */
  readonly roundMs: number;
}

export const FULL: Effort = { rounds: 11, scale: 1, roundMs: 2_000 };
export const QUICK: Effort = { rounds: 2, scale: 0.02, roundMs: 150 };

export function operations(effort: Effort, full: number): number {
  return Math.max(1, Math.round(full * effort.scale));
}
