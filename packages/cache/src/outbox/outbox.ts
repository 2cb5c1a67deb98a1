import type { Mark, OutboxRow, Preceding } from '../core/relay.ts';

/**
 * The origin's list of what has to be invalidated, as the cache sees it (docs/PROTOCOL.md section 7). A trigger of the
 * origin writes a row in the transaction of whoever changed something, so it is there exactly when the change is; that it
 * was invalidated is noted for each partition and epoch, with the clock.
 *
 * Every method rejects when the origin cannot be asked; then nothing, or only some of it, was done, and asking again is
 * safe. Marks may get lost together with a crash of the origin: what was done is done once more.
 */
export interface Outbox {
  /**
   * Runs one round of a relay, in as many partitions as it likes. What it marked is kept when `work` resolves; the origin
   * gives up on it `limitMs` after rows were found, however long this process is paused. Rejects when the marks were lost.
   */
  round(limitMs: number, work: (round: OutboxRound) => Promise<void>): Promise<void>;
  /** Marks rows of writers; those of transactions that were rolled back, or are covered by no mark, are left out. */
  doneBy(marks: readonly OwnMark[]): Promise<void>;
  /** Removes old rows, a bounded number; returns how many. Worth repeating at once while that is `limit`. */
  purge(purge: Purge): Promise<number>;
}

/** Its methods may be called at the same time; none of them after `work` has settled. */
export interface OutboxRound {
  /**
   * In one snapshot that is opened after the call began: the rows that are not done in this partition, whatever their age.
   * `complete`: these are all of them; otherwise a later round goes on behind them, once they are marked. `'busy'` when
   * another relay is at work there: a courtesy, as two that run at once only invalidate more than they need to. Once for
   * each partition.
   */
  pending(partition: number, query: PendingQuery, limit: number): Promise<Pending | 'busy'>;
  /** Which of these are still not done in this epoch. */
  undone(partition: number, epoch: string, ids: readonly string[]): Promise<readonly string[]>;
  /** These were invalidated in this epoch. The first note of it stays: it was true then, so it is now. */
  done(partition: number, epoch: string, marks: readonly Mark[]): void;
}

export interface PendingQuery {
  /** The epoch in which rows are to be done. */
  readonly epoch: string;
  /** Rows done in that epoch, at a clock up to that one, count as done. */
  readonly preceding: Preceding | null;
  /** Rows done in `epoch` do not count as done, unless it was by the rounds of this replay. */
  readonly replay: boolean;
}

export interface Pending {
  readonly rows: readonly OutboxRow[];
  readonly complete: boolean;
}

/**
 * A writer's own rows were invalidated in `epoch` at the clock that UNMARK answered, never at MARK's: the invalidation that
 * UNMARK made may be lost where MARK's is not [C5, C6].
 */
export interface OwnMark {
  /** The origin's name for it, as `CommitWindow.transaction` was told. */
  readonly transaction: string;
  readonly partition: number;
  readonly epoch: string;
  readonly clock: number;
  /**
   * What the whole write invalidated, in all partitions. A row of that transaction which names more is the relay's: one
   * that the application wrote beside what it told the cache would otherwise never be invalidated.
   */
  readonly keys: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Rows are removed once they have a mark in each of these partitions, in whatever epoch, and the last mark of all is older
 * than `ageMs`: the *sum* S + Q + longest lease + longest life in L2. An old copy that a lost invalidation has left behind
 * was loaded before the row could be seen, so before it was marked, and is gone by then; counted from the insertion it may
 * outlive the row, as the transaction may have gone on for hours [C7].
 */
export interface Purge {
  readonly partitions: readonly number[];
  readonly ageMs: number;
  readonly limit: number;
}
