/** How much is measured: for figures, or only to see that everything runs. */
export interface Effort {
  readonly rounds: number;
  /** Operations of a round, as a part of what is needed for a figure. */
  readonly scale: number;
  /** Length of a round over HTTP, ms. */
  readonly roundMs: number;
  /** False: figures mean nothing, so a round need not have measured what it says. */
  readonly judged: boolean;
}

export const FULL: Effort = { rounds: 11, scale: 1, roundMs: 2_000, judged: true };
export const QUICK: Effort = { rounds: 2, scale: 0.02, roundMs: 150, judged: false };

export function operations(effort: Effort, full: number): number {
  return Math.max(1, Math.round(full * effort.scale));
}

/**
 * Throws when more answers than `most` were others than those that are measured. Where figures mean nothing one that is right
 * is enough: on a machine that is busy with something else a server turns requests away, as it should.
 */
export function refuseOthers({ judged }: Effort, others: number, of: number, most: number, what: string): void {
  // Of nothing, as when what is offered is a fraction of one request, none was another.
  if (others > (judged ? most : Math.max(0, of - 1))) throw new Error(`${others} of ${of} ${what}`);
}
