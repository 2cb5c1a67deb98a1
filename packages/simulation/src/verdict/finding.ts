import type { Operation } from '@lockstep/history';

/** One broken promise of one simulated cluster. */
export interface Finding {
  /** A kind of violation of @lockstep/history, or what did not come to rest. */
  readonly kind: string;
  readonly text: string;
  /** The operation at fault, and the one that it contradicts. */
  readonly witness: readonly Operation[];
}
