import type { BeatReply, EpochReply, Sent } from './replies.ts';

/** What the command connection and its last beat tell of the Redis behind it. */
export class Contact {
  /** Raised by every close of the command connection. */
  connection = 0;
  since = 0;
  longestMarkMs = 0;
  private authority: { readonly connection: number; readonly epoch: string; readonly at: number } | null = null;
  /** Redis' time at a local time: TIME of the last beat, counted from when that beat was sent, so never behind. */
  private time: { readonly redis: number; readonly local: number } | null = null;

  closed(): void {
    this.connection++;
    this.authority = null;
  }

  /** A beat was answered in the epoch in which it was sent. */
  beaten(sent: Sent, reply: BeatReply): void {
    this.authority = { connection: sent.connection, epoch: sent.epoch, at: sent.at };
    this.time = { redis: reply.now, local: sent.at };
    this.since = reply.since;
    this.longestMarkMs = reply.longestMarkMs;
  }

  /** A reply told of another epoch. */
  offered(sent: Sent, reply: EpochReply): void {
    this.time = { redis: reply.now, local: sent.at };
  }

  adopted(reply: EpochReply): void {
    this.since = reply.since;
  }

  /** What was proved of the primary was proved in a history that has ended. */
  forget(): void {
    this.authority = null;
  }

  /**
   * Since when this connection, in this epoch, is known to speak to the primary; undefined without such a time.
   * Without it a plain GET may be answered by a deposed primary, from the past [6, M7].
   */
  authorityAt(epoch: string | null): number | undefined {
    const held = this.authority;
    return held !== null && held.connection === this.connection && held.epoch === epoch ? held.at : undefined;
  }

  /** Redis' time, never behind it; undefined before the first reply that carried it. */
  redisNow(now: number): number | undefined {
    return this.time === null ? undefined : this.time.redis + (now - this.time.local);
  }

  /** What is left of the quarantine of the present epoch, given what it adds to the longest mark, ms. */
  quarantineMs(now: number, beyondMarkMs: number): number {
    const redis = this.redisNow(now);
    return redis === undefined ? 0 : Math.max(0, this.since + this.longestMarkMs + beyondMarkMs - redis);
  }
}
