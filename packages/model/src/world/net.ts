import type { Faults, ServerName } from './scope.ts';

/** Which server clients are told of, and which faults may still come. */
export interface Net {
  primary: ServerName;
  /** Q has been promoted. */
  failedOver: boolean;
  /** P serves again. */
  failedBack: boolean;
  flushes: number;
  /** How often replicas may still go to a server that is not the primary. */
  flaps: number;
  rowRemovals: number;
}

export const netFlags = {
  before: 1,
  failedOver: 2,
  failedBack: 4,
  flushes: 8,
  back: 16,
  primaryP: 32,
  primaryQ: 64,
} as const;

export function openNet({ flush = 0, flaps = 0, rowRemovals = 0 }: Faults): Net {
  return { primary: 'P', failedOver: false, failedBack: false, flushes: flush, flaps, rowRemovals };
}

export function flagsOfNet({ primary, failedOver, failedBack, flushes }: Net): number {
  return (
    (failedOver ? netFlags.failedOver : netFlags.before) |
    (failedBack ? netFlags.failedBack : 0) |
    (failedOver && !failedBack ? netFlags.back : 0) |
    (flushes > 0 ? netFlags.flushes : 0) |
    (primary === 'P' ? netFlags.primaryP : netFlags.primaryQ)
  );
}
