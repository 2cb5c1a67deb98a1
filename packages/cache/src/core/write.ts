import type { Mutation, Stamp } from '../cache.ts';
import { RESTARTS } from './limits.ts';
import type { Partition } from './partition.ts';
import type { MarkReply, Sent, UnmarkReply } from './replies.ts';

/**
 * One write, as a machine: MARK, commit, UNMARK. Between MARK and UNMARK nobody stores the key, so nobody can spread
 * the new value before the acknowledgement or the old one after it.
 *
 *   mark ── ok ──> commit ── committed ──> unmark ── ok ──> acknowledged
 *     │ unreachable        │ aborted ────> unmark, then fail: nothing was committed
 *     │   └─> fail         └ nobody knows ─> the marks stay until their deadline; then unmark invalidates
 *     └ another epoch: mark again
 *
 * The deadline counts from the *sending* of MARK and covers the commit's limit when the commit starts [10]:
 *   1: W marks with 3 s, is paused for 2.5 s   2: W begins a commit that may take 2 s   3: the mark expires
 *   4: B loads v0, is granted a lease, stores it   5: the commit takes effect: v0 stays in L2.
 * The origin ends a commit at its limit (A5), so that it takes effect before the deadline or never.
 */
export type WriteEffect =
  | { readonly do: 'mark'; readonly durationMs: number }
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
}

export class Write {
  readonly #partition: Partition;
  readonly #request: WriteRequest;
  readonly #tags: Set<string>;
  #deadline = 0;
  #restarts = 0;
  #aborted: Error | undefined;

  constructor(partition: Partition, request: WriteRequest) {
    this.#partition = partition;
    this.#request = request;
    this.#tags = new Set(request.tags ?? []);
  }

  /** Local ms until which the marks hold, by this process' own clock. */
  get deadline(): number {
    return this.#deadline;
  }

  /** The token under which the marks are held. */
  get writer(): string {
    return this.#request.writer;
  }

  get tags(): readonly string[] {
    return [...this.#tags];
  }

  /** Tags that became known inside the commit (a category that changed: the old one and the new one). */
  tag(tags: readonly string[]): void {
    for (const tag of tags) this.#tags.add(tag);
  }

  start(): WriteEffect {
    return { do: 'mark', durationMs: this.#request.markMs };
  }

  /** The answer to `mark`. */
  marked(sent: Sent, reply: MarkReply, now: number): WriteEffect {
    switch (reply.is) {
      case 'unreachable':
        return { do: 'refuse', error: reply.error };
      case 'epoch':
        this.#partition.offered(sent, reply);
        if (++this.#restarts > RESTARTS) return { do: 'refuse', error: new Error('the epoch keeps changing') };
        return this.start();
      case 'tooLong':
        return { do: 'refuse', error: new Error(`marks may live ${reply.longestMs} ms`) };
      case 'ok':
        this.#partition.wrote(sent, { clock: reply.clock, keys: this.#request.keys, tags: [], at: 0 });
        this.#deadline = sent.at + this.#request.markMs;
        if (!this.covers(now)) return this.aborted(new Error('MARK took so long that the commit might outlive it'));
        return { do: 'commit' };
    }
  }

  /** True while what is left of the mark covers a commit that begins now. */
  covers(now: number): boolean {
    return this.#deadline - now >= this.#request.commitLimitMs;
  }

  committed(): WriteEffect {
    return { do: 'unmark', tags: this.tags };
  }

  /** Nothing was committed, so no tag changed: the marks only have to go. */
  aborted(error: Error): WriteEffect {
    this.#aborted = error;
    return { do: 'unmark', tags: [] };
  }

  /** The answer to `unmark`. In another epoch the writer is in no mark, so UNMARK invalidates there: send it again. */
  unmarked(sent: Sent, reply: UnmarkReply): WriteEffect {
    if (reply.is === 'ok') {
      const tags = this.#aborted === undefined ? this.tags : [];
      // Without tags and with every mark in place the clock did not move: what it tells is somebody else's entry.
      if (reply.lost > 0 || tags.length > 0) {
        this.#partition.wrote(sent, { clock: reply.clock, keys: this.#request.keys, tags, at: 0 });
      }
      if (this.#aborted !== undefined) return { do: 'refuse', error: this.#aborted };
      const stamp = { partition: this.#partition.index, epoch: sent.epoch, clock: reply.clock };
      return { do: 'acknowledge', stamp };
    }
    if (reply.is === 'epoch') this.#partition.offered(sent, reply);
    if (this.#aborted !== undefined) return { do: 'refuse', error: this.#aborted };
    if (reply.is === 'epoch' && ++this.#restarts <= RESTARTS) return this.committed();
    return { do: 'repeat', error: reply.is === 'unreachable' ? reply.error : new Error('the epoch keeps changing') };
  }
}
