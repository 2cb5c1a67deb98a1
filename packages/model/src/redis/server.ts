import type { BusMessage, Entry } from '@lockstep/cache/core/entry';
import { BEAT_PAGE, JOURNAL_LENGTH } from '@lockstep/cache/core/limits';
import type { Unreachable } from '@lockstep/cache/core/replies';
import type { Held } from './held.ts';
import { copyOf, emptyLike, Own } from './maps.ts';

/**
 * One Redis as plain data: no class, no private state, nothing that structuredClone could not copy. Every map, array
 * and object in a `PartitionState` is replaced, never changed, so that states share what they have in common, and
 * `copyServer` costs a few objects, however much a state holds. One that is `alone` changes its maps in place, and copies them.
 */
export interface SimServer {
  /** `master_replid`: changed by a restart and by a promotion. */
  replid: string;
  /** Changed by a restart only. The protocol does not look at it; the switch `without.replid` does. */
  runId: string;
  accepts: Accepts;
  readonly partitions: Map<string, PartitionState>;
  /** What a restart that loses data comes back with. */
  saved: ReadonlyMap<string, PartitionState>;
  /** Published and not yet taken by `drain`, oldest first. */
  outbox: readonly Published[];
  readonly options: SimOptions;
}

/**
 * `all`: a primary. `reads`: a deposed primary, or a replica: it answers plain GETs from the past and refuses every
 * script (NOREPLICAS, READONLY). `nothing`: it is down.
 */
export type Accepts = 'all' | 'reads' | 'nothing';

/** A message of the bus, and the partition on whose channel it is. */
export interface Published {
  readonly partition: string;
  readonly message: BusMessage;
}

/** What Redis holds of one partition: docs/PROTOCOL.md, section 2. Times in Redis ms. */
export interface PartitionState {
  meta: Meta | null;
  /** The journal's `last-generated-id`; 0 without a journal. */
  lastId: number;
  journal: readonly Entry[];
  tags: ReadonlyMap<string, TagClock>;
  replicas: ReadonlyMap<string, Row>;
  /** key -> last deadline, as it was when somebody last stored the mark: the index that BEAT sweeps. */
  marks: ReadonlyMap<string, number>;
  keys: ReadonlyMap<string, Held>;
}

export interface Meta {
  readonly epoch: string;
  readonly clock: number;
  readonly base: number;
  readonly id: string;
  readonly since: number;
  readonly past: readonly string[];
  /** The epoch before this one, if Redis itself knew it: the only one that may be blessed. */
  readonly previous: string | null;
  readonly blessed: string | null;
  readonly probe: number;
  readonly proved: number;
  readonly longestMark: number;
  readonly longestTtl: number;
  readonly floor: number;
}

export interface TagClock {
  readonly clock: number;
  readonly at: number;
}

export interface Row {
  readonly epoch: string;
  readonly applied: number;
  readonly at: number;
}

/** What the callers of real scripts send along with each call, and what a test wants smaller or taken out. */
export interface SimOptions {
  /** Life of a mark, ms. */
  readonly markMs: number;
  /** What the quarantine adds to the longest mark, ms. */
  readonly beyondMarkMs: number;
  readonly l2TtlMs: number;
  /** Life of a fill lease, ms. */
  readonly loadLimitMs: number;
  /** S(1+drift), ms, with linearizable writes; else 0. */
  readonly leaseMs: number;
  /** Age at which rows of `replicas` are removed, ms. */
  readonly rowAgeMs: number;
  /** Entries. */
  readonly journalLength: number;
  /** Entries in one answer to a beat. */
  readonly page: number;
  /** Tags in Redis, beyond which the oldest are swept. */
  readonly maxTags: number;
  readonly without: Without;
}

/** Test only: each takes one mechanism out. */
export interface Without {
  /** FILL stores whatever stands there. */
  readonly leaseToken?: boolean;
  /** LEASE is granted in a young epoch, and BLESS blesses in one. */
  readonly quarantine?: boolean;
  /** UNMARK of a lost mark does nothing. */
  readonly fallback?: boolean;
  /** `mark`: tags are invalidated by MARK, before the commit, and not by UNMARK. `both`: by either; safe, for comparison. */
  readonly tagsAfterCommit?: 'mark' | 'both';
  /** The epoch is renewed when `run_id` changes, not when `master_replid` does: kept by a primary promoted anew [9]. */
  readonly replid?: boolean;
  /** Values of any epoch are acceptable. */
  readonly valueEpoch?: boolean;
  /** Leases of any epoch are respected, and FILL stores under them. */
  readonly leaseEpoch?: boolean;
  /** A deposed primary answers scripts that only read, as it does scripts with `no-writes` [6]. */
  readonly writingReads?: boolean;
  /** MARK replaces the writers that it finds, as if a key had one mark. */
  readonly markWriters?: boolean;
  /** BLESS takes any epoch, not only the one before. */
  readonly blessPrevious?: boolean;
  /** Sweeping tags does not raise the floor. */
  readonly floor?: boolean;
  /** A new epoch keeps the blessing of the one before. */
  readonly blessingEnds?: boolean;
}

/** Who calls a script, and when. */
export interface Caller {
  /** The epoch that the request carries, '' for none. */
  readonly epoch: string;
  /** Fresh for each sending: the name of the epoch that this call may have to begin. */
  readonly nonce: string;
  /** Redis ms at which the script runs. */
  readonly now: number;
  /** '0' unless a test has several. */
  readonly partition?: string;
}

export const DEFAULT_OPTIONS: SimOptions = {
  markMs: 3_000,
  beyondMarkMs: 500,
  l2TtlMs: 60_000,
  loadLimitMs: 5_000,
  leaseMs: 0,
  rowAgeMs: 10_000,
  journalLength: JOURNAL_LENGTH,
  page: BEAT_PAGE,
  maxTags: 100_000,
  without: {},
};

/** `alone`: copies of its state are few, so that its maps are changed in place (maps.ts). */
export function openServer(replid: string, options: Partial<SimOptions> = {}, alone = false): SimServer {
  return {
    replid,
    runId: replid,
    accepts: 'all',
    partitions: alone ? new Own() : new Map(),
    saved: new Map(),
    outbox: [],
    options: { ...DEFAULT_OPTIONS, ...options },
  };
}

/** A copy that goes its own way from here on; cheap, as it shares everything that is replaced and never changed. */
export function copyServer(server: SimServer): SimServer {
  return { ...server, partitions: copyPartitions(server.partitions) };
}

/** What `copyServer` does for the data alone. */
export function copyPartitions(partitions: ReadonlyMap<string, PartitionState>): Map<string, PartitionState> {
  const copies = new Map<string, PartitionState>();
  for (const [name, state] of partitions) {
    const { tags, replicas, marks, keys } = state;
    copies.set(name, {
      ...state,
      tags: copyOf(tags),
      replicas: copyOf(replicas),
      marks: copyOf(marks),
      keys: copyOf(keys),
    });
  }
  return copies;
}

/** The partition's state, begun empty. */
export function partitionOf(server: SimServer, name = '0'): PartitionState {
  let state = server.partitions.get(name);
  if (state === undefined) {
    state = {
      meta: null,
      lastId: 0,
      journal: [],
      tags: emptyLike(server.partitions),
      replicas: emptyLike(server.partitions),
      marks: emptyLike(server.partitions),
      keys: emptyLike(server.partitions),
    };
    server.partitions.set(name, state);
  }
  return state;
}

/** Takes what was published since the last time. */
export function drain(server: SimServer): readonly Published[] {
  const published = server.outbox;
  if (published.length > 0) server.outbox = [];
  return published;
}

export function publish(server: SimServer, { partition = '0' }: Caller, message: BusMessage): void {
  server.outbox = [...server.outbox, { partition, message }];
}

/** One for all: an Error for each of a million refusals would cost more than the model. */
export const REFUSED: Unreachable = { is: 'unreachable', error: new Error('NOREPLICAS the server is no primary') };
export const DOWN: Unreachable = { is: 'unreachable', error: new Error('the server is down') };
