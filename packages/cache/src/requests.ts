import type { Mutation } from './cache.ts';
import type { Lease } from './core/read.ts';
import type {
  AcksReply,
  BeatReply,
  BlessReply,
  ClockReply,
  DoneReply,
  EpochReply,
  FillReply,
  GetReply,
  LeaseReply,
  MarkReply,
  ProbeReply,
  ReadReply,
  Sent,
  SetReply,
  UnmarkReply,
  Unreachable,
} from './core/replies.ts';

/** An answer, with the circumstances under which its request was sent. */
export interface Answer<R> {
  readonly sent: Sent;
  readonly reply: R;
}

/** Who asked for a plain GET. Told rather than promised, as this is the request of nearly every read below L1. */
export interface GetCaller {
  /** Called once, perhaps before `get` returns. It does not throw. */
  got(sent: Sent, reply: GetReply): void;
}

/**
 * The protocol's requests to one partition. Each notes what was true when it was sent, carries the replica's epoch, or the
 * one given, and a fresh nonce, and never throws: what went wrong is the answer `unreachable`.
 */
export interface Requests {
  get(key: string, caller: GetCaller): void;
  read(key: string): Promise<Answer<ReadReply>>;
  lease(key: string, token: string): Promise<Answer<LeaseReply>>;
  fill(
    key: string,
    lease: Lease,
    ttlMs: number,
    ageMs: number,
    tags: readonly string[],
    payload: string,
  ): Promise<Answer<FillReply>>;
  release(key: string, lease: Lease): Promise<Answer<ClockReply>>;
  clock(): Promise<Answer<ClockReply>>;
  invalidate(mutation: Mutation, epoch?: string): Promise<Answer<DoneReply>>;
  mark(keys: readonly string[], writer: string, durationMs: number): Promise<Answer<MarkReply>>;
  unmark(keys: readonly string[], writer: string, tags: readonly string[]): Promise<Answer<UnmarkReply>>;
  /** Who has not shown this clock yet. */
  acks(clock: number): Promise<Answer<AcksReply>>;
  set(key: string, ttlMs: number, tags: readonly string[], payload: string): Promise<Answer<SetReply>>;
  beat(): Promise<Answer<BeatReply | EpochReply | Unreachable>>;
  /** A new epoch in place of the one offered; `sent` carries the replica's own. */
  renew(offered: string): Promise<Answer<EpochReply | Unreachable>>;
  probe(): Promise<Answer<ProbeReply>>;
  prove(epoch: string, probe: number): Promise<Answer<DoneReply>>;
  bless(epoch: string, preceding: string): Promise<Answer<BlessReply>>;
}
