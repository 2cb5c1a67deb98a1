import type { Mutation, Stamp } from '../cache.ts';
import { RESTARTS } from './limits.ts';
import type { Partition } from './partition.ts';
import type { AcksReply, MarkReply, Sent, UnmarkReply } from './replies.ts';

/**
 * One write in one partition, as a machine: MARK, commit, UNMARK. Between MARK and UNMARK nobody stores the key, so nobody
 * can spread the new value before the acknowledgement or the old one after it.
 *
 *   mark ── ok ──> [acks ──] commit ── committed ──> unmark ── ok ──> [acks ──] acknowledged
 *     │ unreachable             │ aborted ────> unmark, then fail: nothing was committed
 *     │   └─> fail, or commit   └ nobody knows ─> the marks stay until their deadline; then unmark invalidates
 *     └ another epoch: mark again
 *
 * The deadline counts from the *sending* of MARK and covers the commit's limit when the commit starts [10]:
 *   1: W marks with 3 s, is paused for 2.5 s   2: W begins a commit that may take 2 s   3: the mark expires
 *   4: B loads v0, is granted a lease, stores it   5: the commit takes effect: v0 stays in L2.
 * The origin ends a commit at its limit (A5), so that it takes effect before the deadline or never.
 *
 * Linearizable writes also wait until no L1 can serve the old value, each for its acknowledgement or the end of its trust:
 *   1: W marks at clock p   2: B's L1 has v0 and has not heard   3: W commits v1 and is acknowledged   4: B serves v0.
 * An acknowledgement is a row of `replicas` that shows p, in this epoch: written by a beat that was sent after the key was
 * dropped and reads of it were tainted. In an epoch that is younger than the quarantine, or another than MARK's, an L1 may
 * live whose row was lost, so the wait is whole, whoever is listed.
 */
export type WriteEffect =
  | { readonly do: 'mark'; readonly durationMs: number }
  /** Ask again who has not shown this clock. */
  | { readonly do: 'acks'; readonly clock: number }
  /** Nobody has to be asked: wait until the local time `until`. */
  | { readonly do: 'pause'; readonly until: number }
  | { readonly do: 'commit' }
  | { readonly do: 'unmark'; readonly tags: readonly string[] }
  | { readonly do: 'acknowledge'; readonly stamp: Stamp }
  /** Nothing was committed. */
  | { readonly do: 'refuse'; readonly error: Error }
  /** UNMARK could not be confirmed: the driver repeats it for a while, then answers "unknown" and repeats it on. */
  | { readonly do: 'repeat'; readonly error: Error };

export interface WriteRequest extends Mutation {
  readonly writer: string;
  /** Life of a mark, ms. */
  readonly markMs: number;
  /** The time a commit may take at the origin, ms. */
  readonly commitLimitMs: number;
  readonly writes: 'bounded' | 'linearizable';
  /** How long an L1 that says nothing may go on serving, S(1 + drift), ms; used by linearizable writes. */
  readonly leaseMs: number;
  /** Whether a write of which Redis cannot be told first is refused, or left to the outbox. */
  readonly onUnreachable: 'fail' | 'outbox';
}

interface Wait {
  readonly clock: number;
  readonly until: number;
  readonly whole: boolean;
}

export class Write {
  private readonly partition: Partition;
  private readonly request: WriteRequest;
  private readonly tagged: Set<string>;
  private endsAt = 0;
  private restarts = 0;
  private abortedBy: Error | null = null;
  private markedIn: string | null = null;
  private waiting: Wait | null = null;
  /** What the answer will be stamped, once every L1 has shown it. */
  private stamp: Stamp | null = null;

  constructor(partition: Partition, request: WriteRequest) {
    this.partition = partition;
    this.request = request;
    this.tagged = new Set(request.tags ?? []);
  }

  /** Local ms until which the marks hold, by this process' own clock. */
  get deadline(): number {
    return this.endsAt;
  }

  /** The token under which the marks are held. */
  get writer(): string {
    return this.request.writer;
  }

  get tags(): readonly string[] {
    return [...this.tagged];
  }

  /** Tags that became known inside the commit (a category that changed: the old one and the new one). */
  tag(tags: readonly string[]): void {
    for (const tag of tags) this.tagged.add(tag);
  }

  /** A partition of which only tags are invalidated has nothing to mark. */
  start(now: number): WriteEffect {
    this.endsAt = now + this.request.markMs;
    return this.request.keys.length === 0 ? { do: 'commit' } : this.mark();
  }

  /** The answer to `mark`. */
  marked(sent: Sent, reply: MarkReply, now: number): WriteEffect {
    switch (reply.is) {
      case 'unreachable':
        return this.request.onUnreachable === 'outbox' ? { do: 'commit' } : { do: 'refuse', error: reply.error };
      case 'epoch':
        this.partition.offered(sent, reply);
        if (++this.restarts > RESTARTS) return { do: 'refuse', error: new Error('the epoch keeps changing') };
        return this.mark();
      case 'tooLong':
        return { do: 'refuse', error: new Error(`marks may live ${reply.longestMs} ms`) };
      case 'ok':
        this.partition.wrote(sent, { clock: reply.clock, keys: this.request.keys, tags: [], at: 0 });
        this.endsAt = sent.at + this.request.markMs;
        this.markedIn = sent.epoch;
        return this.wait(reply, now);
    }
  }

  /** The answer to `acks`. Unanswered, the writer's own clock ends the wait. */
  acked(sent: Sent, reply: AcksReply, now: number): WriteEffect {
    const wait = this.waiting;
    if (wait === null) return this.waited(now);
    if (reply.is === 'epoch') this.partition.offered(sent, reply);
    if (reply.is === 'epoch' || (reply.is === 'acks' && reply.quarantineMs > 0)) {
      this.waiting = { ...wait, whole: true };
      return { do: 'pause', until: wait.until };
    }
    if (now >= wait.until || (reply.is === 'acks' && reply.waiting === 0)) return this.waited(now);
    return { do: 'acks', clock: wait.clock };
  }

  /** The end of `pause`. */
  paused(now: number): WriteEffect {
    const wait = this.waiting;
    return wait !== null && now < wait.until ? { do: 'pause', until: wait.until } : this.waited(now);
  }

  /** True while what is left of the mark covers a commit that begins now. */
  covers(now: number): boolean {
    return this.endsAt - now >= this.request.commitLimitMs;
  }

  committed(): WriteEffect {
    return { do: 'unmark', tags: this.tags };
  }

  /** Nothing was committed, so no tag changed: the marks only have to go. */
  aborted(error: Error): WriteEffect {
    this.abortedBy = error;
    return { do: 'unmark', tags: [] };
  }

  /** The answer to `unmark`. In another epoch the writer is in no mark, so UNMARK invalidates there: send it again. */
  unmarked(sent: Sent, reply: UnmarkReply, now: number): WriteEffect {
    if (reply.is === 'ok') {
      const tags = this.abortedBy === null ? this.tags : [];
      // Without tags and with every mark in place the clock did not move: what it tells is somebody else's entry.
      if (reply.lost > 0 || tags.length > 0) {
        this.partition.wrote(sent, { clock: reply.clock, keys: this.request.keys, tags, at: 0 });
      }
      if (this.abortedBy !== null) return { do: 'refuse', error: this.abortedBy };
      this.stamp = { partition: this.partition.index, epoch: sent.epoch, clock: reply.clock };
      return reply.lost > 0 ? this.wait(reply, now) : { do: 'acknowledge', stamp: this.stamp };
    }
    if (reply.is === 'epoch') this.partition.offered(sent, reply);
    if (this.abortedBy !== null) return { do: 'refuse', error: this.abortedBy };
    if (reply.is === 'epoch' && ++this.restarts <= RESTARTS) return this.committed();
    return { do: 'repeat', error: reply.is === 'unreachable' ? reply.error : new Error('the epoch keeps changing') };
  }

  private mark(): WriteEffect {
    return { do: 'mark', durationMs: this.request.markMs };
  }

  /** Linearizable: until every L1 that may live has dropped what it held, or cannot serve it any more. */
  private wait(reply: { clock: number; waiting: number; quarantineMs: number }, now: number): WriteEffect {
    if (this.request.writes === 'bounded') return this.waited(now);
    const moved = this.stamp !== null && this.stamp.epoch !== this.markedIn;
    const whole = reply.quarantineMs > 0 || moved;
    if (!whole && reply.waiting === 0) return this.waited(now);
    this.waiting = { clock: reply.clock, until: now + this.request.leaseMs, whole };
    return whole ? { do: 'pause', until: this.waiting.until } : { do: 'acks', clock: reply.clock };
  }

  private waited(now: number): WriteEffect {
    this.waiting = null;
    if (this.stamp !== null) return { do: 'acknowledge', stamp: this.stamp };
    // The epoch may have changed meanwhile; then the marks are lost, and UNMARK will invalidate.
    if (!this.covers(now)) return this.aborted(new Error('MARK took so long that the commit might outlive it'));
    return { do: 'commit' };
  }
}
