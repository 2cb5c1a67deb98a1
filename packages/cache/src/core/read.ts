import type { Stamp } from '../cache.ts';
import { RESTARTS } from './limits.ts';
import type { Partition } from './partition.ts';
import type { Lease, ReadEffect, ReadRequest } from './read-effect.ts';
import type { ClockReply, EpochReply, FillReply, GetReply, LeaseReply, ReadReply, Sent } from './replies.ts';
import { parseStored, type StoredValue } from './stored.ts';

export type { Lease, ReadEffect, ReadOutcome, ReadRequest } from './read-effect.ts';

/**
 * One read below L1, as a machine: each step takes the answer to the last effect and returns the next one. It decides
 * everything and does nothing; the reader performs the effects.
 *
 *   catchUp ──> hit, or as below          (a session that is ahead of this replica)
 *   get | read ── value, proved ──> return L2
 *     │ absent, refused, lease, mark
 *   lease ── granted ──> load ──> fill ── stored ──> return ORIGIN
 *     │ denied: lease                └─ refused ──> return BYPASS, with the clock that the refusal told
 *     │   └─> wait for the notice, then `get` again; at last load uncached
 *     │ denied: mark, quarantine; Redis unreachable, or too full to lease; a value that is not proved
 *   load uncached ──> clock ──> return BYPASS; its stamp is "unknown" if Redis cannot be asked then either
 *
 * Keys whose home is the cache (`set`) have no origin: the read script takes the place of every load, and "absent" is an
 * answer [M7].
 *
 * The slot. A read is open to taints from its construction, before its first request is sent, until `Partition.shut`:
 *   1: the reader GETs v0 from L2   2: a writer invalidates the key, the replica applies it   3: the reader's answer
 *   arrives and v0 is stored in L1, after the invalidation that was meant for it.
 * With the slot open at 1, step 2 leaves its clock in `taintedAt`, and 3 compares it with the value's f.
 */
export class Read {
  readonly key: string;
  readonly generation: number;
  /** The next older read of this key in flight; the partition's. */
  next: Read | undefined = undefined;
  /** The largest clock of an invalidation of the key since the slot opened. */
  taintedAt = 0;
  private readonly partition: Partition;
  private readonly request: ReadRequest;
  private readonly epoch: string | null;
  private readonly tagEvents: number;
  private uncached = false;
  private caught = false;
  private waitUntil: number | undefined;
  private restarts = 0;
  private loadedFrom = 0;
  private held: Lease | null = null;

  constructor(partition: Partition, request: ReadRequest) {
    this.key = request.key;
    this.partition = partition;
    this.request = request;
    this.generation = partition.generation;
    this.epoch = partition.epoch;
    this.tagEvents = partition.tagEvents;
    partition.open(this);
  }

  taint(clock: number): void {
    if (clock > this.taintedAt) this.taintedAt = clock;
  }

  /**
   * True if a reader that arrives now may have this read's result. Never the result of an uncached load: no
   * invalidation need come after it, as UNMARK moves no clock [1]:
   *   1: W marks the key   2: this read meets the mark and loads v0, slowly   3: W commits v1, unmarks, is acknowledged
   *   4: a reader joins and gets v0.
   * Nor across an invalidation of any tag: what tags the value will carry is not known yet [M1]. Nor oneX   */
  joinable(): boolean {
    const { partition } = this;
    return (
      !this.uncached &&
      this.taintedAt === 0 &&
      this.tagEvents === partition.tagEvents &&
      this.generation === partition.generation &&
      this.epoch === partition.epoch
    );
  }

  start(now: number): ReadEffect {
    if (this.request.bypass) return this.loadUncached();
    return this.look(now);
  }

  /** The replica has beaten, or could not. */
  caughtUp(now: number): ReadEffect {
    const { partition, request } = this;
    if (partition.follows(request.token)) {
      const entry = partition.lookup(this.key, now, request.boundMs);
      if (entry !== undefined) return { do: 'hit', entry };
    }
    return this.look(now);
  }

  /** The answer to `get`. */
  got(sent: Sent, reply: GetReply, now: number): ReadEffect {
    if (reply.is === 'unreachable') return this.unreachable(reply.error);
    const { partition, request } = this;
    if (!partition.current(sent)) return this.restart(now);
    const stored = parseStored(reply.text);
    if (stored.is !== 'value') return this.absent();
    const authority = partition.authorityAt(now);
    if (authority === undefined || now - authority > request.boundMs) return { do: 'read' };
    if (stored.epoch !== partition.epoch) return this.absent();
    // Authority may be younger than the GET, which was executed before the beat that gave it: 1: GET finds v0   2: W commits
    // v1 and is acknowledged   3: a beat is sent and answered   4: the GET's answer arrives, "proved" as of 3, with v0.
    let provedAt = Math.min(authority, sent.at);
    if (stored.tags.length > 0) {
      if (!this.decides(stored.f, now)) return { do: 'read' };
      if (partition.tags.outdated(stored.tags, stored.f)) return this.absent();
      provedAt = Math.min(provedAt, partition.proofs.confirmedAt);
    }
    return this.accept(stored, sent, provedAt);
  }

  /** The answer to `read`. */
  readBack(sent: Sent, reply: ReadReply, now: number): ReadEffect {
    if (reply.is === 'unreachable') return this.unreachable(reply.error);
    if (!this.taken(sent, reply)) return this.restart(now);
    if (reply.is === 'value') return this.acceptScript(reply, sent);
    if (this.request.home === 'cache') return { do: 'absent', stamp: this.stamp(sent.epoch, reply.clock) };
    return this.lease();
  }

  /** The answer to `lease`. */
  leased(sent: Sent, token: string, reply: LeaseReply, now: number): ReadEffect {
    if (reply.is === 'unreachable') return this.unreachable(reply.error);
    if (!this.taken(sent, reply)) return this.restart(now);
    switch (reply.is) {
      case 'granted':
        this.loadedFrom = now;
        this.held = { epoch: sent.epoch, f: reply.clock, token };
        return { do: 'load', leased: true };
      case 'value':
        return this.acceptScript(reply, sent);
      case 'lease': {
        this.waitUntil ??= now + this.request.loadLimitMs;
        const maxMs = this.waitUntil - now;
        return maxMs > 0 ? { do: 'wait', maxMs } : this.loadUncached();
      }
      default:
        return this.loadUncached();
    }
  }

  /** What the last `return` gave cannot be decoded. */
  undecodable(): ReadEffect {
    if (this.request.home === 'origin') return this.loadUncached();
    return { do: 'fail', error: new Error('what is stored under this key cannot be decoded') };
  }

  /** A notice, an invalidation or the end of patience. */
  woken(now: number): ReadEffect {
    return now >= (this.waitUntil ?? now) ? this.loadUncached() : this.look(now);
  }

  /** The uncached load's query is about to be sent: readers that arrive from now on need a newer one. */
  loading(now: number): void {
    this.loadedFrom = now;
  }

  /** The load ended. `storable`: it can be encoded within the limits. */
  loaded(storable: boolean): ReadEffect {
    if (this.held !== null) {
      if (storable) return { do: 'fill', lease: this.held };
      return { do: 'release', lease: this.held, error: undefined };
    }
    return { do: 'clock' };
  }

  loadFailed(error: unknown): ReadEffect {
    return this.held === null ? { do: 'fail', error } : { do: 'release', lease: this.held, error };
  }

  /** The answer to `fill`. The lease's epoch stamps it, whatever epoch the replica has by now. */
  filled(sent: Sent, lease: Lease, reply: FillReply): ReadEffect {
    switch (reply.is) {
      case 'stored':
        return this.answer('ORIGIN', this.stamp(lease.epoch, lease.f), lease);
      case 'refused':
        return this.passBy(lease.epoch, reply.clock);
      case 'epoch':
        this.partition.offered(sent, reply);
        return this.passBy(reply.epoch, reply.clock);
      case 'unreachable':
        // Perhaps only refused: a Redis that is full stores nothing, but gives the lease back and tells the clock.
        return { do: 'release', lease, error: undefined };
    }
  }

  /** The answer to `release`. */
  released(error: unknown): ReadEffect {
    return error === undefined ? { do: 'clock' } : { do: 'fail', error };
  }

  /** The answer to `clock`: read after the load, by a writing script, it covers whatever the load may have seen [3]. */
  clocked(sent: Sent, reply: ClockReply): ReadEffect {
    if (reply.is === 'unreachable') return this.passBy(null, 0);
    if (reply.is === 'clock') return this.passBy(sent.epoch, reply.clock);
    this.partition.offered(sent, reply);
    return this.passBy(reply.epoch, reply.clock);
  }

  /**
   * A client of another epoch goes to the origin, one that is a little ahead lets the replica catch up once. Then a plain
   * GET where it proves enough, else the writing script.
   */
  private look(now: number): ReadEffect {
    const { partition, request } = this;
    if (request.home === 'cache')
      return { do: request.level === 'bounded' && this.authoritative(now) ? 'get' : 'read' };
    if (!partition.knows(request.token)) return this.loadUncached();
    if (!this.caught && !partition.follows(request.token)) {
      this.caught = true;
      return { do: 'catchUp' };
    }
    return { do: request.level !== 'strong' && this.authoritative(now) ? 'get' : 'read' };
  }

  private authoritative(now: number): boolean {
    const at = this.partition.authorityAt(now);
    return at !== undefined && now - at <= this.request.boundMs;
  }

  /**
   * True if the replica's own tag map may decide on a value of this f. It forgets what came before `known`; only a whole
   * beat proves that it holds the rest; and a session may be ahead of it [C1 to C4].
   */
  private decides(f: number, now: number): boolean {
    const { partition, request } = this;
    const confirmed = now - partition.proofs.confirmedAt <= request.boundMs;
    return confirmed && partition.tags.covers(f) && partition.follows(request.token);
  }

  /** Adopts another epoch where the reply tells of one; false if the reply may not be used. */
  private taken<R extends { is: string }>(sent: Sent, reply: R | EpochReply): reply is R {
    if (reply.is === 'epoch') {
      this.partition.offered(sent, reply as EpochReply);
      return false;
    }
    return this.partition.current(sent);
  }

  private lease(): ReadEffect {
    return { do: 'lease', token: this.request.nonce() };
  }

  /** L2 has nothing that a GET could accept. */
  private absent(): ReadEffect {
    return this.request.home === 'cache' ? { do: 'read' } : this.lease();
  }

  /**
   * The script tested epoch and tags. A strong reader takes no value with tags from where there is an origin to ask: what is
   * invalidated by tag is no more than a session's. Blessed is what the outbox accounts for; of `set` it knows nothing:
   *   1: set v1, Redis persists   2: set v2, acknowledged   3: restart without 2, a new epoch   4: 1's epoch is blessed.
   */
  private acceptScript({ text, clock }: { text: string; clock: number }, sent: Sent): ReadEffect {
    const stored = parseStored(text);
    if (stored.is !== 'value') return this.undecodable();
    const { level, home } = this.request;
    if (home === 'cache' && stored.epoch !== sent.epoch) return { do: 'absent', stamp: this.stamp(sent.epoch, clock) };
    if (stored.tags.length > 0 && level === 'strong' && home === 'origin') return this.loadUncached();
    return this.accept(stored, sent, sent.at);
  }

  /**
   * A value of L2 that is in force. With the outbox on it must also be proved at the origin, by a proof that was there when
   * the request was sent [M3]:
   *   1: psql commits v1   2: a reader sends its GET   3: GET finds v0   4: the relay invalidates, proves, and the replica
   *   hears of it   5: the reply arrives: proved since before 1, it seems.
   * A blessed value is stamped with the present epoch, whose history begins with the one that it is from.
   */
  private accept(stored: StoredValue, sent: Sent, seenAt: number): ReadEffect {
    const { of } = this.partition.proofs;
    const byOrigin = of === 'origin' && this.request.home === 'origin';
    const provedAt = byOrigin ? Math.min(seenAt, sent.provedAt) : seenAt;
    const unproven = byOrigin && sent.at - sent.provedAt > this.request.boundMs;
    if (unproven && !(this.request.onUnproven === 'stale' && this.request.level === 'bounded')) {
      return this.withoutProof();
    }
    const stamp = this.stamp(sent.epoch, stored.f);
    return { do: 'return', outcome: { tier: 'L2', stamp, provedAt, unproven, stored, lease: null } };
  }

  private unreachable(error: Error): ReadEffect {
    return this.request.home === 'cache' ? { do: 'fail', error } : this.withoutProof();
  }

  private withoutProof(): ReadEffect {
    const refused = this.request.onUnproven === 'error' && this.request.level === 'bounded';
    return refused ? { do: 'unproven' } : this.loadUncached();
  }

  private restart(now: number): ReadEffect {
    return ++this.restarts > RESTARTS ? this.loadUncached() : this.look(now);
  }

  private loadUncached(): ReadEffect {
    if (this.request.home === 'cache') return { do: 'fail', error: new Error('the epoch keeps changing') };
    this.uncached = true;
    return { do: 'load', leased: false };
  }

  private passBy(epoch: string | null, clock: number): ReadEffect {
    return this.answer('BYPASS', this.stamp(epoch, clock), null);
  }

  private answer(tier: 'ORIGIN' | 'BYPASS', stamp: Stamp, lease: Lease | null): ReadEffect {
    const provedAt = this.loadedFrom;
    return { do: 'return', outcome: { tier, stamp, provedAt, unproven: false, stored: null, lease } };
  }

  private stamp(epoch: string | null, clock: number): Stamp {
    return { partition: this.partition.index, epoch, clock };
  }
}
