import type { Level, Stamp, Tier } from '../cache.ts';
import { RESTARTS } from './limits.ts';
import type { Partition } from './partition.ts';
import type { ClockReply, EpochReply, FillReply, GetReply, LeaseReply, ReadReply, Sent } from './replies.ts';
import { parseStored, type StoredValue } from './stored.ts';

/**
 * One read below L1, as a machine: each step takes the answer to the last effect and returns the next one. It decides
 * everything and does nothing; `GuardedCache` performs the effects.
 *
 *   get | read ── value ──> return L2
 *     │ absent, refused, lease, mark
 *   lease ── granted ──> load ──> fill ── stored ──> return ORIGIN
 *     │ denied: lease                └─ refused ──> return BYPASS, with the clock that the refusal told
 *     │   └─> wait for the notice, then `get` again; at last load uncached
 *     │ denied: mark, quarantine; Redis unreachable, or too full to lease
 *   load uncached ──> clock ──> return BYPASS; its stamp is "unknown" if Redis cannot be asked then either
 *
 * The slot. A read is open to taints from its construction, before its first request is sent, until `Partition.shut`:
 *   1: the reader GETs v0 from L2   2: a writer invalidates the key, the replica applies it   3: the reader's answer
 *   arrives and v0 is stored in L1, after the invalidation that was meant for it.
 * With the slot open at 1, step 2 leaves its clock in `taintedAt`, and 3 compares it with the value's f.
 */
export type ReadEffect =
  | { readonly do: 'get' }
  | { readonly do: 'read' }
  | { readonly do: 'lease'; readonly token: string }
  | { readonly do: 'wait'; readonly maxMs: number }
  | { readonly do: 'load'; readonly leased: boolean }
  | { readonly do: 'fill'; readonly lease: Lease }
  | { readonly do: 'release'; readonly lease: Lease; readonly error: unknown }
  | { readonly do: 'clock' }
  | { readonly do: 'return'; readonly outcome: ReadOutcome }
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
  readonly stored: StoredValue | null;
  /** The lease under which it was stored, for L1. */
  readonly lease: Lease | null;
}

export interface ReadRequest {
  readonly key: string;
  readonly level: Level;
  readonly boundMs: number;
  readonly loadLimitMs: number;
  /** Straight to the origin, past every tier. */
  readonly bypass: boolean;
  /** A fresh random token for each attempt: a token per client would let a zombie's fill pass [A]. */
  readonly nonce: () => string;
}

export class Read {
  readonly key: string;
  readonly generation: number;
  /** The largest clock of an invalidation of the key since the slot opened. */
  taintedAt = 0;
  readonly #partition: Partition;
  readonly #request: ReadRequest;
  readonly #epoch: string | null;
  readonly #tagEvents: number;
  #uncached = false;
  #waitUntil: number | undefined;
  #restarts = 0;
  #loadedFrom = 0;
  #held: Lease | null = null;

  constructor(partition: Partition, request: ReadRequest) {
    this.key = request.key;
    this.#partition = partition;
    this.#request = request;
    this.generation = partition.generation;
    this.#epoch = partition.epoch;
    this.#tagEvents = partition.tagEvents;
    partition.open(this);
  }

  taint(clock: number): void {
    if (clock > this.taintedAt) this.taintedAt = clock;
  }

  /**
   * True if a bounded reader that arrives now may have this read's result. Never the result of an uncached load: no
   * invalidation need come after it, as UNMARK moves no clock [1]:
   *   1: W marks the key   2: this read meets the mark and loads v0, slowly   3: W commits v1, unmarks, is acknowledged
   *   4: a reader joins and gets v0.
   * Nor across an invalidation of any tag: what tags the value will carry is not known yet [M1].
   */
  joinable(): boolean {
    const partition = this.#partition;
    return (
      !this.#uncached &&
      this.taintedAt === 0 &&
      this.#tagEvents === partition.tagEvents &&
      this.generation === partition.generation &&
      this.#epoch === partition.epoch
    );
  }

  start(now: number): ReadEffect {
    if (this.#request.bypass) return this.#loadUncached();
    return this.#look(now);
  }

  /** The answer to `get`. */
  got(sent: Sent, reply: GetReply, now: number): ReadEffect {
    if (reply.is === 'unreachable') return this.#loadUncached();
    if (!this.#partition.current(sent)) return this.#restart(now);
    const stored = parseStored(reply.text);
    if (stored.is !== 'value') return this.#lease();
    const proof = this.#partition.authorityAt(now, sent);
    if (proof === undefined || now - proof > this.#request.boundMs) return { do: 'read' };
    if (stored.epoch !== this.#partition.epoch) return this.#lease();
    let provedAt = proof;
    if (stored.tags.length > 0) {
      // The own map forgets what came before `known`, and only a whole beat proves that it holds the rest [C1, C2, C4].
      if (!this.#partition.tags.covers(stored.f) || !this.#partition.trusted(now, this.#request.boundMs)) {
        return { do: 'read' };
      }
      if (this.#partition.tags.outdated(stored.tags, stored.f)) return this.#lease();
      provedAt = Math.min(proof, this.#partition.confirmedAt);
    }
    return this.#accept(stored, provedAt);
  }

  /** The answer to `read`. */
  readBack(sent: Sent, reply: ReadReply, now: number): ReadEffect {
    if (reply.is === 'unreachable') return this.#loadUncached();
    if (!this.#taken(sent, reply)) return this.#restart(now);
    return reply.is === 'value' ? this.#acceptScript(reply.text, sent) : this.#lease();
  }

  /** The answer to `lease`. */
  leased(sent: Sent, token: string, reply: LeaseReply, now: number): ReadEffect {
    if (reply.is === 'unreachable') return this.#loadUncached();
    if (!this.#taken(sent, reply)) return this.#restart(now);
    switch (reply.is) {
      case 'granted':
        this.#loadedFrom = now;
        this.#held = { epoch: sent.epoch, f: reply.clock, token };
        return { do: 'load', leased: true };
      case 'value':
        return this.#acceptScript(reply.text, sent);
      case 'lease': {
        this.#waitUntil ??= now + this.#request.loadLimitMs;
        const maxMs = this.#waitUntil - now;
        return maxMs > 0 ? { do: 'wait', maxMs } : this.#loadUncached();
      }
      default:
        return this.#loadUncached();
    }
  }

  /** What the last `return` gave cannot be decoded. */
  undecodable(): ReadEffect {
    return this.#loadUncached();
  }

  /** A notice, an invalidation or the end of patience. */
  woken(now: number): ReadEffect {
    return now >= (this.#waitUntil ?? now) ? this.#loadUncached() : this.#look(now);
  }

  /** The uncached load's query is about to be sent: readers that arrive from now on need a newer one. */
  loading(now: number): void {
    this.#loadedFrom = now;
  }

  /** The load ended. `storable`: it can be encoded within the limits. */
  loaded(storable: boolean): ReadEffect {
    if (this.#held !== null) {
      if (storable) return { do: 'fill', lease: this.#held };
      return { do: 'release', lease: this.#held, error: undefined };
    }
    return { do: 'clock' };
  }

  loadFailed(error: unknown): ReadEffect {
    return this.#held === null ? { do: 'fail', error } : { do: 'release', lease: this.#held, error };
  }

  /** The answer to `fill`. The lease's epoch stamps it, whatever epoch the replica has by now. */
  filled(sent: Sent, lease: Lease, reply: FillReply): ReadEffect {
    switch (reply.is) {
      case 'stored':
        return {
          do: 'return',
          outcome: {
            tier: 'ORIGIN',
            stamp: this.#stamp(lease.epoch, lease.f),
            provedAt: this.#loadedFrom,
            stored: null,
            lease,
          },
        };
      case 'refused':
        return this.#bypass(lease.epoch, reply.clock);
      case 'epoch':
        this.#partition.offered(sent, reply);
        return this.#bypass(reply.epoch, reply.clock);
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
    if (reply.is === 'unreachable') return this.#bypass(null, 0);
    if (reply.is === 'clock') return this.#bypass(sent.epoch, reply.clock);
    this.#partition.offered(sent, reply);
    return this.#bypass(reply.epoch, reply.clock);
  }

  /** A plain GET where it proves enough, else the writing script; where Redis has been silent for long, nothing. */
  #look(now: number): ReadEffect {
    const partition = this.#partition;
    const proof = partition.authorityAt(now, partition.sending(now));
    const fresh = proof !== undefined && now - proof <= this.#request.boundMs;
    return { do: this.#request.level === 'bounded' && fresh ? 'get' : 'read' };
  }

  /** Adopts another epoch where the reply tells of one; false if the reply may not be used. */
  #taken<R extends { is: string }>(sent: Sent, reply: R | EpochReply): reply is R {
    if (reply.is === 'epoch') {
      this.#partition.offered(sent, reply as EpochReply);
      return false;
    }
    return this.#partition.current(sent);
  }

  #lease(): ReadEffect {
    return { do: 'lease', token: this.#request.nonce() };
  }

  /** The script tested epoch and tags; a strong reader takes no value with tags, as tags carry no more than bounded. */
  #acceptScript(text: string, sent: Sent): ReadEffect {
    const stored = parseStored(text);
    if (stored.is !== 'value' || (stored.tags.length > 0 && this.#request.level !== 'bounded')) {
      return this.#loadUncached();
    }
    return this.#accept(stored, sent.at);
  }

  #accept(stored: StoredValue, provedAt: number): ReadEffect {
    return {
      do: 'return',
      outcome: { tier: 'L2', stamp: this.#stamp(stored.epoch, stored.f), provedAt, stored, lease: null },
    };
  }

  #restart(now: number): ReadEffect {
    return ++this.#restarts > RESTARTS ? this.#loadUncached() : this.#look(now);
  }

  #loadUncached(): ReadEffect {
    this.#uncached = true;
    return { do: 'load', leased: false };
  }

  #bypass(epoch: string | null, clock: number): ReadEffect {
    return {
      do: 'return',
      outcome: {
        tier: 'BYPASS',
        stamp: this.#stamp(epoch, clock),
        provedAt: this.#loadedFrom,
        stored: null,
        lease: null,
      },
    };
  }

  #stamp(epoch: string | null, clock: number): Stamp {
    return { partition: this.#partition.index, epoch, clock };
  }
}
