import type { Level, Stamp, Tier } from '../cache.ts';
import type { L1Entry } from '../l1/store.ts';
import type { StoredValue } from './stored.ts';
import type { TokenPart } from './token.ts';

/** What a read below L1 asks its driver to do next; read.ts tells in which order. */
export type ReadEffect =
  | { readonly do: 'get' }
  /** Beat, and come back: this client has seen what this replica has not applied. */
  | { readonly do: 'catchUp' }
  | { readonly do: 'hit'; readonly entry: L1Entry }
  | { readonly do: 'read' }
  | { readonly do: 'lease'; readonly token: string }
  | { readonly do: 'wait'; readonly maxMs: number }
  | { readonly do: 'load'; readonly leased: boolean }
  | { readonly do: 'fill'; readonly lease: Lease }
  | { readonly do: 'release'; readonly lease: Lease; readonly error: unknown }
  | { readonly do: 'clock' }
  | { readonly do: 'return'; readonly outcome: ReadOutcome }
  /** A key of `set` that is not there. */
  | { readonly do: 'absent'; readonly stamp: Stamp }
  /** There is no proof, and this cache does not ask the origin then. */
  | { readonly do: 'unproven' }
  | { readonly do: 'fail'; readonly error: unknown };

export interface Lease {
  readonly epoch: string;
  readonly f: number;
  readonly token: string;
}

/** What was read. A value from L2 is still encoded; a loaded one is with whoever performed the load. */
export interface ReadOutcome {
  readonly tier: Exclude<Tier, 'L1'>;
  readonly stamp: Stamp;
  /** Local ms: the answer reflects everything that Redis had executed, or the origin committed, by then. */
  readonly provedAt: number;
  /** Served although `provedAt` is longer ago than the bound. */
  readonly unproven: boolean;
  readonly stored: StoredValue | null;
  /** The lease under which it was stored, for L1. */
  readonly lease: Lease | null;
}

export interface ReadRequest {
  readonly key: string;
  readonly level: Level;
  /** What this client has seen in this partition; level `session` only. */
  readonly token: TokenPart | undefined;
  readonly boundMs: number;
  /** Where the key lives; the cache alone is home to what `set` wrote. */
  readonly home: 'origin' | 'cache';
  /** What a bounded read does without proof. */
  readonly onUnproven: 'origin' | 'error' | 'stale';
  readonly loadLimitMs: number;
  /** Straight to the origin, past every tier. */
  readonly bypass: boolean;
  /** A fresh random token for each attempt: a token per client would let a zombie's fill pass [A]. */
  readonly nonce: () => string;
}
