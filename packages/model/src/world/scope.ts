import type { Partition, PartitionOptions } from '@lockstep/cache/core/partition';
import type { Read, ReadRequest } from '@lockstep/cache/core/read';
import type { Relay, RelayOptions } from '@lockstep/cache/core/relay';
import type { merge } from '@lockstep/cache/core/token';
import type { Write, WriteRequest } from '@lockstep/cache/core/write';
import type { Without } from '../redis/index.ts';

/** What a row of the table holds the protocol to. */
export type Property =
  /** A version at least as new as the newest that was acknowledged when the answer's proof was sent. */
  | 'bounded'
  /** The same of the newest that was committed. */
  | 'proved'
  /** A session reads what it wrote. */
  | 'read-your-writes'
  /** A session reads nothing older than what it has read. */
  | 'monotonic'
  | 'strong'
  /** Hits of L1 are linearizable, as writes wait for them. */
  | 'linearizable'
  /** When everything has come to rest every tier holds the origin's version, or nothing. */
  | 'convergence'
  /** Undisturbed, a replica always finds its way back to a proof. */
  | 'stuck';

export type ReplicaName = 'A' | 'B';
export type ServerName = 'P' | 'Q';

/**
 * How a writer writes version n+1 of the key: `m` mutate; `o` the same, left to the outbox where Redis cannot be told
 * first; `p` commits, then INVALIDATE; `q` commits, and tells nobody; `t` commits, then INVALIDATE of the tag; `T` mutate of
 * another key, with the tag; `s` set, for keys without an origin; `n` only INVALIDATE of another key, `N` the same with a
 * mutate of it.
 */
export type WriterKind = 'm' | 'o' | 'p' | 'q' | 't' | 'T' | 's' | 'n' | 'N';

export interface WriterScope {
  readonly kind: WriterKind;
  readonly on: ReplicaName;
  /** The tracked session waits for this write. */
  readonly session?: boolean;
}

/** Which faults may happen, and how often in one run. */
export interface Faults {
  /** Messages of the bus are lost, late and out of order in every scope; here connections close as well. */
  readonly drop?: boolean;
  /** Values in L1 and L2 and leases are gone at any time. */
  readonly evict?: boolean;
  /** Marks pass their deadlines, after the commit: A5. */
  readonly markExpiry?: boolean;
  /** ... or at any time: A5 is broken. */
  readonly brokenA5?: boolean;
  /** Redis' time jumps by more than the margin, A3 is broken: marks and quarantines end at any time. */
  readonly jumps?: boolean;
  /** A writer stops at any stage, and never comes back. */
  readonly crash?: boolean;
  /** A beat finds its entries trimmed. */
  readonly trim?: boolean;
  /** A beat is answered with one entry at a time. */
  readonly page?: boolean;
  /** Tags are swept from Redis. */
  readonly sweep?: boolean;
  /** How often a row of `replicas` is so old that no writer waits for it any longer. */
  readonly rowRemovals?: number;
  readonly flush?: number;
  /**
   * Q is promoted. P is `dead` (the same as a restart that loses a suffix), `deposed` and answers plain GETs only (D = 0),
   * or still a `primary` for a while (D > 0).
   */
  readonly failover?: 'dead' | 'deposed' | 'primary';
  /** Afterwards P serves again: after a promotion, `undone` as what it always was, or with `meta` removed first [M6]. */
  readonly failBack?: 'promoted' | 'undone' | 'cleared';
  /** How often replicas may go to a server that was deposed. */
  readonly flaps?: number;
  /** What Q holds when it is promoted: any earlier state of P, the default, what P held at the start, or nothing. */
  readonly replicated?: 'prefix' | 'start' | 'nothing';
}

/** Rules of those who drive the core, left out. */
interface DriverWithout {
  /** A beat proves from when its answer is processed, not from when it was sent [11]. */
  readonly proofFromSending?: boolean;
  /** FILL carries the epoch in which the replica is by then [M9]. */
  readonly epochOfLease?: boolean;
  /** The f of a value is the clock at its FILL, not at its LEASE. */
  readonly clockOfLease?: boolean;
  /** A token is forgotten after S, not after S + Q [C8]. */
  readonly tokenKeptForQ?: boolean;
  /** With its oldest point the whole token is forgotten, and what was seen since. */
  readonly pointsAgeApart?: boolean;
  /** What was done in any epoch is done. */
  readonly donePerEpoch?: boolean;
  /** Writers note their rows at the clock of MARK, not of UNMARK [C5, C6]. */
  readonly doneAtUnmark?: boolean;
  /** A replica's row is removed while proofs of its beat are young enough. */
  readonly rowOutlivesProofs?: boolean;
  /** A row is purged as soon as it is done, whatever old copies there are [C7]. */
  readonly purgeAfterCopies?: boolean;
}

export interface Mechanisms {
  readonly partition?: (options: PartitionOptions) => Partition;
  readonly read?: (partition: Partition, request: ReadRequest) => Read;
  readonly write?: (partition: Partition, request: WriteRequest) => Write;
  readonly relay?: (partition: Partition, options: RelayOptions) => Relay;
  readonly merge?: typeof merge;
  readonly redis?: Without;
  readonly driver?: DriverWithout;
}

export interface Scope {
  readonly property: Property;
  /** Replicas with an L1, which beat and hear the bus; the others read L2 by script. */
  readonly l1: readonly ReplicaName[];
  readonly readers: readonly ReplicaName[];
  /** Reads in flight on one replica. */
  readonly slots?: number;
  readonly writers: readonly WriterScope[];
  readonly faults?: Faults;
  /** Version 0 is in L2 and in every L1 at the start, and every L1 has a proof: where the way there is long enough without. */
  readonly warm?: boolean;
  /** The key has a tag, which `t` and `T` invalidate. */
  readonly tagged?: boolean;
  /** `relay`: the outbox is on; `repair`: and values of the preceding epoch are blessed. */
  readonly outbox?: 'relay' | 'repair';
  /** Where relays run; default: on A. */
  readonly relays?: readonly ReplicaName[];
  /** Writers note themselves what they have done in the outbox. */
  readonly ownMarks?: boolean;
  /** A tracked session reads at these replicas. */
  readonly session?: readonly ReplicaName[];
  /** Tokens that are old enough are forgotten. */
  readonly forgets?: boolean;
  /** Rows of the outbox are purged. */
  readonly purges?: boolean;
  /**
   * `fine`: each request is sent, executed and answered in steps of their own. `coarse`: a script that only its caller
   * waits for, LEASE, FILL, CLOCK and what writers send, is executed and answered in one step.
   */
  readonly grain?: 'fine' | 'coarse';
  /** Bounded reads may also ask for more than the replica can prove, as those do that come when S has passed. */
  readonly lapses?: boolean;
  readonly without?: Mechanisms;
}

/** The servers that there are: one where nothing fails over. */
export function serversOf({ faults }: Scope): readonly ServerName[] {
  return faults?.failover === undefined ? ['P'] : ['P', 'Q'];
}

/** The replicas on which relays run. */
export function relaysOf({ outbox, relays = ['A'] }: Scope): readonly ReplicaName[] {
  return outbox === undefined ? [] : relays;
}
