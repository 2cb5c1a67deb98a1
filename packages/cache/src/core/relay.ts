import { MUTATION_KEYS, MUTATION_TAGS } from './limits.ts';
import type { Partition } from './partition.ts';
import type { BlessReply, DoneReply, ProbeReply, Sent } from './replies.ts';

/**
 * One round of the relay in one partition, as a machine: what the outbox says was committed is invalidated in Redis, and
 * then a probe is proved.
 *
 *   probe ──> snapshot ──> recheck ──> invalidate ... ──> done ──> [bless ──] prove ──> end
 *
 * The order is the proof. The probe q is read before the snapshot is opened, so whoever sent the beat of a probe <= q did
 * so before it; every commit before that is in the snapshot, or was done in this epoch already. With q read after it:
 *   1: the relay takes its snapshot   2: psql commits v1   3: B beats and draws q   4: the relay reads q and proves it:
 *   B believes that v1 is reflected.
 *
 * Everything is done under the epoch of the probe, never under the one that the replica has meanwhile; a round whose epoch
 * ends proves nothing. In a new epoch everything counts as open that was not done in it: what the loss took may be any of it.
 *
 * Repair. Values that L2 holds from the preceding epoch are suspect: invalidations of them may have been lost. Once the
 * quarantine is over, so that no write of that epoch is still under way, a *replay* round takes a new snapshot and
 * invalidates every row but those done in the preceding epoch at a clock that this epoch began with (`base`): these, and
 * only these, Redis has certainly not lost [M8, C5, C6]. Then the preceding epoch is blessed, and its values are in force
 * again. A snapshot from inside the quarantine would miss a commit whose mark was lost.
 */
export interface OutboxRow {
  /** A whole number of the origin's, as text. */
  readonly id: string;
  /** Null: only tags. */
  readonly key: string | null;
  readonly tags: readonly string[];
}

/** Rows done in this epoch, at a clock up to this one, were done before anything was lost. */
export interface Preceding {
  readonly epoch: string;
  readonly upTo: number;
}

export type RelayEffect =
  | { readonly do: 'probe' }
  /**
   * Every row that is not done in `epoch`, nor in the preceding one as far as that counts, in one snapshot that is opened
   * now. `epoch` null: whatever was done in the present one.
   */
  | { readonly do: 'snapshot'; readonly epoch: string | null; readonly preceding: Preceding | null }
  /** After a little while: which of these are still not done in `epoch`; their writers mark them themselves. */
  | { readonly do: 'recheck'; readonly epoch: string; readonly ids: readonly string[] }
  | {
      readonly do: 'invalidate';
      readonly epoch: string;
      readonly keys: readonly string[];
      readonly tags: readonly string[];
    }
  | { readonly do: 'done'; readonly epoch: string; readonly marks: readonly Mark[] }
  | { readonly do: 'bless'; readonly epoch: string; readonly preceding: string }
  | { readonly do: 'prove'; readonly epoch: string; readonly probe: number }
  /** `more`: rows were left over, begin anew at once. */
  | { readonly do: 'end'; readonly proved: boolean; readonly more: boolean };

/** Rows, and the clock of the invalidation that covers them. */
export interface Mark {
  readonly clock: number;
  readonly ids: readonly string[];
}

interface Batch {
  readonly ids: string[];
  readonly keys: Set<string>;
  readonly tags: Set<string>;
}

export interface RelayOptions {
  readonly repair: boolean;
  /** True for keys of this partition; tags live in every one. */
  readonly owns: (key: string) => boolean;
}

export class Relay {
  private readonly partition: Partition;
  private readonly options: RelayOptions;
  private epoch = '';
  private probe = 0;
  private preceding: Preceding | null = null;
  private replay = false;
  private rows: readonly OutboxRow[] = [];
  private complete = false;
  private batches: Batch[] = [];
  private readonly marks: Mark[] = [];

  constructor(partition: Partition, options: RelayOptions) {
    this.partition = partition;
    this.options = options;
  }

  start(): RelayEffect {
    return { do: 'probe' };
  }

  /** The answer to `probe`. */
  probed(sent: Sent, reply: ProbeReply): RelayEffect {
    if (reply.is === 'epoch') this.partition.offered(sent, reply);
    if (reply.is !== 'probe') return end(false);
    this.epoch = sent.epoch;
    this.probe = reply.probe;
    if (this.options.repair && reply.previous !== null) {
      this.preceding = { epoch: reply.previous, upTo: reply.base };
      this.replay = reply.quarantineMs <= 0 && reply.blessed !== reply.previous;
    }
    return { do: 'snapshot', epoch: this.replay ? null : this.epoch, preceding: this.preceding };
  }

  /** Another relay is at work. */
  busy(): RelayEffect {
    return end(false);
  }

  /** The snapshot. `complete`: these are all of them. */
  snapshotted(rows: readonly OutboxRow[], complete: boolean): RelayEffect {
    this.rows = rows;
    this.complete = complete;
    // What a writer has done in this epoch meanwhile was invalidated in it; a replay asks about the one before.
    if (rows.length > 0 && !this.replay) return { do: 'recheck', epoch: this.epoch, ids: rows.map((row) => row.id) };
    return this.rechecked(rows.map((row) => row.id));
  }

  /** The answer to `recheck`: what is still open. */
  rechecked(open: readonly string[]): RelayEffect {
    const ids = new Set(open);
    this.batches = this.batched(this.rows.filter((row) => ids.has(row.id)));
    return this.next();
  }

  /** The answer to `invalidate`. */
  invalidated(sent: Sent, reply: DoneReply): RelayEffect {
    const batch = this.batches.shift();
    if (reply.is === 'epoch') this.partition.offered(sent, reply);
    if (reply.is !== 'ok' || batch === undefined) return end(false);
    const { keys, tags, ids } = batch;
    this.partition.wrote(sent, { clock: reply.clock, keys: [...keys], tags: [...tags], at: 0 });
    this.marks.push({ clock: reply.clock, ids });
    return this.next();
  }

  /** `done` was performed; where it failed the rows are only invalidated once more. */
  marked(): RelayEffect {
    this.marks.length = 0;
    return this.next();
  }

  /** The answer to `bless`. Refused, in a quarantine that has begun meanwhile, there is nothing to prove either. */
  blessed(sent: Sent, reply: BlessReply): RelayEffect {
    if (reply.is === 'epoch') this.partition.offered(sent, reply);
    this.replay = false;
    return reply.is === 'ok' ? this.next() : end(false);
  }

  /** The answer to `prove`. */
  proved(sent: Sent, reply: DoneReply): RelayEffect {
    if (reply.is === 'epoch') this.partition.offered(sent, reply);
    return end(reply.is === 'ok');
  }

  private next(): RelayEffect {
    const { epoch, preceding } = this;
    const batch = this.batches[0];
    if (batch !== undefined) return { do: 'invalidate', epoch, keys: [...batch.keys], tags: [...batch.tags] };
    if (this.marks.length > 0) return { do: 'done', epoch, marks: [...this.marks] };
    if (!this.complete) return { do: 'end', proved: false, more: true };
    if (this.replay && preceding !== null) return { do: 'bless', epoch, preceding: preceding.epoch };
    return { do: 'prove', epoch, probe: this.probe };
  }

  private batched(rows: readonly OutboxRow[]): Batch[] {
    const batches: Batch[] = [];
    let batch: Batch | undefined;
    for (const { id, key, tags } of rows) {
      const own = key !== null && this.options.owns(key) ? [key] : [];
      if (batch === undefined || !fits(batch, own, tags)) {
        batch = { ids: [], keys: new Set(), tags: new Set() };
        batches.push(batch);
      }
      batch.ids.push(id);
      for (const one of own) batch.keys.add(one);
      for (const one of tags) batch.tags.add(one);
    }
    return batches;
  }
}

function fits(batch: Batch, keys: readonly string[], tags: readonly string[]): boolean {
  const keysThen = new Set([...batch.keys, ...keys]).size;
  const tagsThen = new Set([...batch.tags, ...tags]).size;
  return keysThen <= MUTATION_KEYS && tagsThen <= MUTATION_TAGS;
}

function end(proved: boolean): RelayEffect {
  return { do: 'end', proved, more: false };
}
