import type { Entry } from './entry.ts';

/**
 * What the core sees of Redis: each reply as a value, and for each request what was true when it was sent. A reply
 * without the circumstances of its request is poison: one of an old epoch, processed under the new one, can move
 * `applied` past invalidations that were never applied [8, 13].
 */
export interface Sent {
  /** The number of the command connection when the request was sent; `close` raises it. */
  readonly connection: number;
  /** The replica's epoch then, '' if it had none. */
  readonly epoch: string;
  /** Local ms, read before the request went out: proofs count from here, never from the receipt [11]. */
  readonly at: number;
  /** The largest clock known in that epoch then: a smaller one in the reply means that history went backwards [15]. */
  readonly seen: number;
}

/** Nothing, or nothing in time, came back; whether the request was executed is unknown. */
export interface Unreachable {
  readonly is: 'unreachable';
  readonly error: Error;
}

/** The caller's epoch is not the present one; nothing was done. */
export interface EpochReply {
  readonly is: 'epoch';
  readonly epoch: string;
  readonly clock: number;
  readonly past: readonly string[];
  /** Redis ms. */
  readonly since: number;
  readonly now: number;
}

export type GetReply = { readonly is: 'text'; readonly text: string | null } | Unreachable;

export type ReadReply =
  | { readonly is: 'value'; readonly clock: number; readonly text: string }
  | { readonly is: 'refused' | 'lease' | 'mark' | 'none'; readonly clock: number; readonly leftMs: number }
  | EpochReply
  | Unreachable;

export type LeaseReply =
  | { readonly is: 'granted'; readonly clock: number }
  | { readonly is: 'value'; readonly clock: number; readonly text: string }
  | { readonly is: 'lease' | 'mark' | 'quarantine'; readonly clock: number }
  | EpochReply
  | Unreachable;

export type FillReply = { readonly is: 'stored' | 'refused'; readonly clock: number } | EpochReply | Unreachable;

export type ClockReply = { readonly is: 'clock'; readonly clock: number } | EpochReply | Unreachable;

export type MarkReply =
  | { readonly is: 'ok'; readonly clock: number }
  | { readonly is: 'tooLong'; readonly clock: number; readonly longestMs: number }
  | EpochReply
  | Unreachable;

export type UnmarkReply =
  | { readonly is: 'ok'; readonly clock: number; readonly lost: number }
  | EpochReply
  | Unreachable;

export interface BeatReply {
  readonly is: 'beat';
  readonly clock: number;
  /** Redis ms. */
  readonly now: number;
  readonly since: number;
  readonly longestMarkMs: number;
  readonly page: 'trimmed' | readonly Entry[];
}
