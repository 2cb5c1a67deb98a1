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
  /** Local ms since when the tiers were proved then; one that arrives while the request is on its way does not count [M3]. */
  readonly provedAt: number;
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

/**
 * `waiting`: L1s, still alive, whose rows have not shown this clock, the writer's own included; 0 where nobody asked.
 * `quarantineMs`: what is left of the epoch's quarantine then.
 */
export interface Marked {
  readonly is: 'ok';
  readonly clock: number;
  readonly waiting: number;
  readonly quarantineMs: number;
}

export type MarkReply =
  | Marked
  | { readonly is: 'tooLong'; readonly clock: number; readonly longestMs: number }
  | EpochReply
  | Unreachable;

export type UnmarkReply = (Marked & { readonly lost: number }) | EpochReply | Unreachable;

/** Who has not acknowledged a clock yet. */
export type AcksReply =
  | { readonly is: 'acks'; readonly clock: number; readonly waiting: number; readonly quarantineMs: number }
  | EpochReply
  | Unreachable;

/** Of INVALIDATE, PROVE and others that only move something. */
export type DoneReply = { readonly is: 'ok'; readonly clock: number } | EpochReply | Unreachable;

export type SetReply = { readonly is: 'ok' | 'mark'; readonly clock: number } | EpochReply | Unreachable;

/** Where a round of the relay begins. */
export type ProbeReply =
  | {
      readonly is: 'probe';
      readonly clock: number;
      /** The number of the last beat of any replica. */
      readonly probe: number;
      /** The clock when the present epoch began. */
      readonly base: number;
      /** The epoch before the present one, if there was one. */
      readonly previous: string | null;
      readonly quarantineMs: number;
      readonly blessed: string | null;
    }
  | EpochReply
  | Unreachable;

export type BlessReply = { readonly is: 'ok' | 'refused'; readonly clock: number } | EpochReply | Unreachable;

export interface BeatReply {
  readonly is: 'beat';
  readonly clock: number;
  /** Redis ms. */
  readonly now: number;
  readonly since: number;
  readonly longestMarkMs: number;
  /** The number of this beat among all replicas' beats. */
  readonly probe: number;
  /** Everything committed before the beat of this number was sent has been invalidated in this epoch. */
  readonly proved: number;
  readonly page: 'trimmed' | readonly Entry[];
}
