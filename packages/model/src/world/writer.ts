import type { Stamp } from '@lockstep/cache';
import type { AcksReply, DoneReply, MarkReply, Sent, SetReply, UnmarkReply } from '@lockstep/cache/core/replies';
import type { Write } from '@lockstep/cache/core/write';
import type { ReplicaName, ServerName, WriterKind } from './scope.ts';
import { LONG_MS } from './server.ts';

/** Of a mark, by the writer's own clock: no step of the model is long enough to bring a deadline near. */
export const MARK_MS = 1_000 * LONG_MS;

/** What a writer asks Redis for. */
export type Order =
  | { readonly do: 'mark' | 'invalidate' | 'set' }
  | { readonly do: 'unmark'; readonly tags: readonly string[] }
  | { readonly do: 'acks'; readonly clock: number };

export type OrderReply = MarkReply | UnmarkReply | AcksReply | DoneReply | SetReply;

/** Where a write stands. */
export type WriterStage =
  /** The session that is to write has not asked for it yet. */
  | { readonly is: 'asked for' }
  /** Something is to be sent. */
  | { readonly is: 'ready'; readonly order: Order }
  | {
      readonly is: 'asking';
      readonly order: Order;
      readonly at: ServerName;
      readonly sent: Sent;
      readonly reply: OrderReply | null;
    }
  /** The wait of a linearizable write that asks nobody. */
  | { readonly is: 'pausing' }
  | { readonly is: 'committing' }
  | { readonly is: 'done' }
  /** It will never do anything again, whatever it has begun. */
  | { readonly is: 'crashed' };

export interface Writer {
  readonly name: 'W0' | 'W1';
  readonly kind: WriterKind;
  readonly on: ReplicaName;
  readonly session: boolean;
  stage: WriterStage;
  /** Writes begun anew because nothing was committed; each has a token of its own. */
  attempt: number;
  /** The core's machine, for mutates. */
  write: Write | null;
  /** The version that it committed; 0 before. */
  version: number;
  /** The epoch of the mark under which a commit may still take effect. */
  holds: string | null;
  /** The local time at which the wait of a linearizable write began. */
  waitsFrom: number;
  /** The clock of its MARK, for those who note that. */
  markedAt: number;
  /** Its write as it was acknowledged, until it is noted in the outbox. */
  toNote: Stamp | null;
}

export const writerFlags = {
  askedFor: 1,
  ready: 2,
  sentToP: 4,
  sentToQ: 8,
  answered: 16,
  waiting: 32,
  committing: 64,
  /** Done or crashed: it does nothing any more, and nothing of it is under way. */
  over: 128,
  /** Still at work. */
  active: 256,
  toNote: 512,
  /** No commit of it can still take effect under a mark. */
  free: 1024,
} as const;

export function flagsOfWriter({ stage, toNote, holds }: Writer): number {
  const over = stage.is === 'done' || stage.is === 'crashed';
  return (
    (over ? writerFlags.over : writerFlags.active) |
    (toNote === null ? 0 : writerFlags.toNote) |
    (holds === null ? writerFlags.free : 0) |
    flagsOfStage(stage)
  );
}

/** Marks and waits end by steps, so that when they began is no part of the state; nor is how often an epoch changed. */
export function tidyWriter({ write }: Writer): void {
  if (write === null) return;
  const own = write as unknown as { endsAt: number; restarts: number; waiting: { until: number } | null };
  own.endsAt = MARK_MS;
  own.restarts = 0;
  if (own.waiting !== null) own.waiting = { ...own.waiting, until: LONG_MS };
}

function flagsOfStage(stage: WriterStage): number {
  switch (stage.is) {
    case 'asked for':
      return writerFlags.askedFor;
    case 'ready':
      return writerFlags.ready | (stage.order.do === 'acks' ? writerFlags.waiting : 0);
    case 'asking':
      if (stage.reply !== null) return writerFlags.answered;
      return stage.at === 'P' ? writerFlags.sentToP : writerFlags.sentToQ;
    case 'pausing':
      return writerFlags.waiting;
    case 'committing':
      return writerFlags.committing;
    default:
      return 0;
  }
}
