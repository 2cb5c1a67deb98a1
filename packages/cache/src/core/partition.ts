import type { L1Entry, L1Store } from '../l1/store.ts';
import { Contact } from './contact.ts';
import type { BusMessage, Entry } from './entry.ts';
import { LEFT_EPOCHS } from './limits.ts';
import { type ProofOf, Proofs } from './proofs.ts';
import type { Read } from './read.ts';
import type { BeatReply, EpochReply, Sent } from './replies.ts';
import { TagMap } from './tag-map.ts';
import type { TokenPart } from './token.ts';

/**
 * One replica's view of one partition: which epoch it is in, what it has applied, and since when that is proved.
 *
 * Every change of this view happens in one of these methods, in one synchronous turn; nothing here waits, sends or
 * reads a clock. The product, the simulation and the model checker drive the same object.
 *
 * Trust. `proofs` tells since when it is proved that L1 reflects Redis, or the origin. Whether that is recent enough is
 * decided by the reader, with the time it reads itself: a flag set by a timer says "fresh" throughout a stall of the event
 * loop.
 *
 * Generation. It is raised by whatever empties L1 (a new epoch, a trimmed journal). A read in flight remembers the
 * generation in which it began and stores nothing in another: its value may predate an invalidation that was skipped.
 */

/** Why L1 was emptied. */
export type FlushCause = 'epoch' | 'trimmed' | 'backwards' | 'asked';

/** What the replica should do after it took something in. */
export type Advice = 'nothing' | 'renew';

export interface Observer {
  applied?(entry: Entry, via: 'bus' | 'beat' | 'own'): void;
  gap?(applied: number, clock: number): void;
  flushed?(cause: FlushCause): void;
  epochChanged?(before: string | null, epoch: string): void;
  /** Something was heard that only a beat can settle. */
  beatWanted?(): void;
}

export interface PartitionOptions {
  readonly index: number;
  /** S, ms. */
  readonly stalenessMs: number;
  readonly l1: L1Store;
  /** What bounded reads are proved against; default `redis`. */
  readonly proof?: ProofOf;
  readonly observer?: Observer;
}

export class Partition {
  readonly index: number;
  readonly stalenessMs: number;
  readonly l1: L1Store;
  readonly tags = new TagMap();
  private readonly observer: Observer;

  epoch: string | null = null;
  /** Epochs before the present one, oldest first, as Redis told them: they settle which tokens are succeeded. */
  past: readonly string[] = [];
  private readonly left = new Set<string>();
  generation = 0;
  /** The last contiguous clock that L1 reflects. */
  applied = 0;
  /** The largest clock heard of in this epoch. */
  seen = 0;
  readonly proofs: Proofs;
  /** Raised whenever tags were invalidated: the tags of a read in flight are not known yet [M1]. */
  tagEvents = 0;
  readonly contact = new Contact();
  /** Every read in flight, by key, the newest first and linked by `next`: whatever is applied taints them. */
  readonly reads = new Map<string, Read>();

  constructor(options: PartitionOptions) {
    this.index = options.index;
    this.stalenessMs = options.stalenessMs;
    this.l1 = options.l1;
    this.proofs = new Proofs(options.proof ?? 'redis');
    this.observer = options.observer ?? {};
  }

  /** The circumstances of a request that is sent now. */
  sending(now: number): Sent {
    return {
      connection: this.contact.connection,
      epoch: this.epoch ?? '',
      at: now,
      seen: this.seen,
      provedAt: this.proofs.at,
    };
  }

  /** True if the reply to `sent` may change anything here. */
  current(sent: Sent): boolean {
    return sent.connection === this.contact.connection && sent.epoch === (this.epoch ?? '');
  }

  trusted(now: number, boundMs: number): boolean {
    return now - this.proofs.at <= boundMs;
  }

  /** True if L1 has applied all that this client has seen here. A client that has seen nothing here asks for nothing. */
  follows(part: TokenPart | undefined): boolean {
    return part === undefined || (this.knows(part) && this.applied >= part.clock);
  }

  /** False for a token that no clock of the present epoch can be compared with: only the origin can serve it. */
  knows(part: TokenPart | undefined): boolean {
    return part === undefined || (part.epoch !== null && part.epoch === this.epoch);
  }

  /** L1's entry if a reader with this bound may have it now; check and lookup in one synchronous turn. */
  lookup(key: string, now: number, boundMs: number): L1Entry | undefined {
    return this.trusted(now, boundMs) ? this.held(key, now) : undefined;
  }

  /** L1's entry, proved or not: for keys whose home is the cache, and for what is served labelled as unproven. */
  held(key: string, now: number): L1Entry | undefined {
    const entry = this.l1.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAt > now && !this.tags.outdated(entry.tags, entry.f)) return entry;
    this.l1.delete(key);
    return undefined;
  }

  /** L1's entry as an observer may see it: nothing is served, touched or dropped. */
  peek(key: string, now: number): L1Entry | undefined {
    const entry = this.trusted(now, this.stalenessMs) ? this.l1.peek(key) : undefined;
    return entry && entry.expiresAt > now && !this.tags.outdated(entry.tags, entry.f) ? entry : undefined;
  }

  /** Since when this connection is known to speak to the primary of this epoch; undefined if that is S ago or more. */
  authorityAt(now: number): number | undefined {
    const at = this.contact.authorityAt(this.epoch);
    return at === undefined || now - at > this.stalenessMs ? undefined : at;
  }

  /** The command connection closed: what was in flight on it will not be believed. */
  closed(): void {
    this.contact.closed();
  }

  /** Redis' time, never behind it; undefined before the first reply that carried it. */
  redisNow(now: number): number | undefined {
    return this.contact.redisNow(now);
  }

  open(read: Read): void {
    read.next = this.reads.get(read.key);
    this.reads.set(read.key, read);
  }

  shut(read: Read): void {
    let one = this.reads.get(read.key);
    if (one === read) {
      if (read.next === undefined) this.reads.delete(read.key);
      else this.reads.set(read.key, read.next);
      return;
    }
    while (one !== undefined && one.next !== read) one = one.next;
    if (one !== undefined) one.next = read.next;
  }

  /** Stores under rule 7 of reading; false where one of its conditions fails. */
  store(read: Read, entry: L1Entry, now: number): boolean {
    if (read.generation !== this.generation || entry.stamp.epoch !== this.epoch) return false;
    if (read.taintedAt > entry.f || this.tags.outdated(entry.tags, entry.f) || entry.expiresAt <= now) return false;
    const present = this.l1.peek(read.key);
    if (present !== undefined && present.f > entry.f) return false;
    this.l1.set(read.key, entry);
    return true;
  }

  /**
   * A reply said that another epoch is the present one. A replica has one epoch, adopts another only through a reply
   * on its command connection, and never returns to one that it has left: offered such a one it asks for a new one.
   */
  offered(sent: Sent, reply: EpochReply): Advice {
    // A pipeline brings many of these, and a late one may tell of what has been left since: only the first one counts.
    if (!this.current(sent) || reply.epoch === this.epoch) return 'nothing';
    this.contact.offered(sent, reply);
    if (this.left.has(reply.epoch)) {
      this.observer.beatWanted?.();
      return 'renew';
    }
    const before = this.epoch;
    if (before !== null) this.leave(before);
    this.epoch = reply.epoch;
    this.past = reply.past;
    this.contact.adopted(reply);
    this.seen = reply.clock;
    this.empty('epoch');
    this.applied = reply.clock;
    this.tags.restart(reply.clock);
    this.observer.epochChanged?.(before, reply.epoch);
    this.observer.beatWanted?.();
    return 'nothing';
  }

  /** Empties L1 on request; nothing that is in flight may be stored. */
  flush(): void {
    this.empty('asked');
  }

  /** A message of the bus. It may tell of anything and prove nothing; another epoch's is ignored, never adopted [4]. */
  heard(message: BusMessage & { is: 'entry' }): void {
    if (message.epoch !== this.epoch) {
      this.observer.beatWanted?.();
      return;
    }
    const { entry } = message;
    this.saw(entry.clock);
    if (entry.clock <= this.applied) return;
    if (entry.clock === this.applied + 1) {
      this.apply(entry, 'bus');
      return;
    }
    // 1: entry 5 is lost  2: entry 6 arrives and moves `applied` to 6  3: a beat confirms 6: what 5 dropped stays.
    // So its keys and tags go at once, `applied` stays where it is, and a beat fetches what is missing.
    this.observer.gap?.(this.applied, entry.clock);
    this.drop(entry);
    this.observer.beatWanted?.();
  }

  /**
   * This replica's own INVALIDATE, MARK or UNMARK was answered: its L1 must not be the last to know. Only for answers
   * that moved the clock: an UNMARK without tags answers the clock of somebody else's entry, and `applied` would pass it.
   */
  wrote(sent: Sent, entry: Entry): void {
    if (!this.current(sent)) return;
    this.saw(entry.clock);
    if (entry.clock === this.applied + 1) {
      this.apply(entry, 'own');
      return;
    }
    // 1: A invalidates k1, clock 1, message under way to B  2: B invalidates k2, clock 2  3: B sets `applied` to 2
    // 4: message 1 is a duplicate now, and k1 stays in B's L1 [14]. So the own entry is dropped, `applied` stays.
    this.drop(entry);
  }

  /**
   * One page of a beat's answer. `rounds` are the beats of this round with the clock that each was answered: the proof
   * counts from the sending of the last one whose clock has been reached.
   */
  beaten(sent: Sent, reply: BeatReply, rounds: { at: number; clock: number }[]): Advice | 'page' {
    if (!this.current(sent)) return 'nothing';
    if (reply.clock < sent.seen) {
      // Until RENEW is answered this history goes on, and may pass `seen`: what it adds from here on must not be skipped.
      // 1: `applied` is 100, Redis is back at 95   2: RENEW is lost   3: six writes, clock 101   4: a beat applies 101
      // and proves it; 96 to 100, the new ones, were taken for duplicates.
      this.empty('backwards');
      this.applied = reply.clock;
      this.tags.restart(reply.clock);
      return 'renew';
    }
    this.contact.beaten(sent, reply);
    this.saw(reply.clock);
    this.proofs.beat(reply.probe, sent.at);
    rounds.push({ at: sent.at, clock: reply.clock });
    if (reply.page === 'trimmed') {
      this.empty('trimmed');
      this.applied = Math.max(this.applied, reply.clock);
      this.tags.restart(this.applied);
    } else {
      for (const entry of reply.page) {
        if (entry.clock === this.applied + 1) this.apply(entry, 'beat');
      }
    }
    for (const round of rounds) if (round.clock <= this.applied) this.proofs.confirmed(round.at);
    if (this.applied < reply.clock) return 'page';
    this.proofs.proved(reply.proved);
    return 'nothing';
  }

  private leave(epoch: string): void {
    this.left.add(epoch);
    if (this.left.size <= LEFT_EPOCHS) return;
    for (const oldest of this.left) {
      this.left.delete(oldest);
      break;
    }
  }

  private saw(clock: number): void {
    if (clock > this.seen) this.seen = clock;
  }

  private empty(cause: FlushCause): void {
    this.l1.clear();
    this.generation++;
    if (cause === 'epoch' || cause === 'backwards') {
      this.proofs.forget();
      this.contact.forget();
    }
    this.observer.flushed?.(cause);
  }

  private apply(entry: Entry, via: 'bus' | 'beat' | 'own'): void {
    this.drop(entry);
    this.applied = entry.clock;
    this.observer.applied?.(entry, via);
  }

  private drop(entry: Entry): void {
    for (const key of entry.keys) {
      const held = this.l1.peek(key);
      if (held !== undefined && held.f < entry.clock) this.l1.delete(key);
      for (let read = this.reads.get(key); read !== undefined; read = read.next) read.taint(entry.clock);
    }
    for (const tag of entry.tags) this.tags.invalidated(tag, entry.clock);
    if (entry.tags.length > 0) this.tagEvents++;
  }
}
