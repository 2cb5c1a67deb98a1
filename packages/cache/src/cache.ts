/**
 * What an application sees of a cache: the contract that the guarded protocol (`createCache`) and the
 * textbook one (`createNaiveCache`) both keep, so that either can stand behind the same routes.
 *
 * Times are milliseconds throughout. Local times come from one monotonic clock of the process.
 */

/** How new a read must be; see docs/PROTOCOL.md section 8 for what each level promises. */
export type Level = 'bounded' | 'session' | 'strong';

/**
 * Where an answer came from. `ORIGIN` was loaded and cached; `BYPASS` was loaded and not cached (a write was
 * in progress, the cache was unreachable, a new epoch was still in quarantine).
 */
export type Tier = 'L1' | 'L2' | 'ORIGIN' | 'BYPASS';

/** What a loader returns: the value, and the tags whose invalidation makes it outdated. */
export interface Loaded<V> {
  readonly value: V;
  readonly tags?: readonly string[];
}

export interface LoadContext {
  readonly key: string;
  /** Aborted when the load limit has passed: the load's result is no longer wanted. */
  readonly signal: AbortSignal;
}

/**
 * Reads one key from the origin. It must open a new snapshot on the primary: a snapshot older than the call
 * would let a value from before an invalidation be stored after it.
 */
export type Load<V> = (context: LoadContext) => Promise<Loaded<V>>;

/**
 * What becomes of a bounded read when nothing in the tiers is proved to be recent enough: it goes to the `origin`, fails with
 * an `error` (`E_CACHE_UNPROVEN`), or is given what L1 or L2 hold, labelled `unproven`, as `stale` as that may be.
 */
export type OnUnproven = 'origin' | 'error' | 'stale';

export interface ReadOptions {
  /** Default: `session` when a token is given, else `bounded`. */
  readonly level?: Level | undefined;
  /** The newest token that this client has seen, as `issue` made it. Anything else counts as foreign. */
  readonly token?: string | undefined;
  /** A tighter bound than the cache's own, for this read. */
  readonly maxStalenessMs?: number | undefined;
  /** What a read without proof gets, in place of the cache's own choice. Bounded reads only. */
  readonly onUnproven?: OnUnproven | undefined;
  /** Load from the origin and cache nothing: for values whose level no cached copy can give. */
  readonly bypass?: boolean | undefined;
}

/** A point in one partition's history; `epoch` is null where Redis could not be asked ("unknown"). */
export interface Stamp {
  readonly partition: number;
  readonly epoch: string | null;
  readonly clock: number;
}

export interface ReadResult<V> {
  readonly value: V;
  readonly tier: Tier;
  /** This read waited for another read of the same process; `tier` is where that one got its value. */
  readonly joined: boolean;
  /** Since the value was loaded from the origin. */
  readonly ageMs: number;
  /** How old the proof was under which the answer was given, and how old it was allowed to be. */
  readonly proofAgeMs: number;
  readonly boundMs: number;
  /** True when a value is served without a proof because the configuration says so. */
  readonly unproven: boolean;
  /** What `issue` makes the client's next token of. */
  readonly stamp: Stamp;
  /** The certificate's version: the answer reflects every invalidation of this epoch up to this clock. */
  readonly proof: Stamp;
  /** Time spent in the loader, where this read caused or shared a load. */
  readonly loadMs: number | null;
}

/** What a write is about to change. */
export interface Mutation {
  readonly keys: readonly string[];
  /** Invalidated after the commit; `CommitWindow.tag` adds those known only inside it. */
  readonly tags?: readonly string[];
}

/** Given to the commit function: the time it has, and what it can still add. */
export interface CommitWindow {
  /** The origin must be told to end the transaction after this long (A5), counted from `opened`. */
  readonly limitMs: number;
  /**
   * Call it once the transaction has begun at the origin. Throws `WindowClosed` when what is left of the
   * write mark no longer covers `limitMs`: roll back then.
   */
  opened(): void;
  /**
   * The origin's own name for the transaction (Postgres: `pg_current_xact_id()`), if everything that it changed is named by
   * the keys and tags of this write: with it the outbox need not invalidate them a second time.
   */
  transaction(id: string): void;
  tag(...tags: readonly string[]): void;
}

/**
 * Commits at the origin. Its result means "committed". A thrown `CommitAborted` means "certainly not committed";
 * any other error means "nobody knows", and the keys stay marked until the mark's deadline.
 */
export type Commit<T> = (window: CommitWindow) => Promise<T>;

export interface WriteResult<T> {
  readonly result: T;
  readonly stamps: readonly Stamp[];
}

/** How a value is kept that `set` writes. */
export interface SetOptions {
  /** Default: the cache's TTL of L2, which is also the most. */
  readonly ttlMs?: number | undefined;
  /** Whose invalidation removes it. */
  readonly tags?: readonly string[] | undefined;
}

export interface PeekedL1 {
  readonly value: unknown;
  readonly clock: number;
  readonly ageMs: number;
  readonly expiresInMs: number;
}

export type PeekedL2 =
  | { readonly state: 'value'; readonly value: unknown; readonly clock: number; readonly expiresInMs: number }
  | { readonly state: 'lease'; readonly expiresInMs: number }
  | { readonly state: 'mark'; readonly expiresInMs: number };

/** What the tiers hold for a key; null where no reader would accept what is there. */
export interface Peeked {
  readonly key: string;
  readonly l1: PeekedL1 | null;
  readonly l2: PeekedL2 | null;
}

/** `starting`: never attached. `ready`: attached and trusted. `parked`: L1 is kept but not served, until a proof comes. */
export type CacheState = 'starting' | 'ready' | 'parked';

/** `gets` is the sum of the six that follow it, at any moment between two turns of the event loop. */
export interface Counters {
  gets: number;
  l1Hits: number;
  l2Hits: number;
  loads: number;
  joins: number;
  bypasses: number;
  failures: number;
  invalidationsApplied: number;
  gaps: number;
  flushes: number;
  epochChanges: number;
  beats: number;
  beatFailures: number;
  leaseWaits: number;
  fillsRefused: number;
  evictions: number;
  writes: number;
  writeFailures: number;
  writesUnknown: number;
  /** Rounds of the relay that proved something, and those that did not. */
  relayRounds: number;
  relayFailures: number;
  /** Rows of the outbox that a relay here has invalidated. */
  relayed: number;
  /** Answers served without a proof, as the configuration allows. */
  unproven: number;
  shed: number;
}

export interface CacheStatus {
  readonly state: CacheState;
  readonly partitions: readonly {
    readonly epoch: string | null;
    readonly applied: number;
    readonly quarantineMs: number;
  }[];
  readonly trust: {
    readonly state: 'trusted' | 'lapsed' | 'none';
    readonly ageMs: number | null;
    readonly boundMs: number;
  };
  readonly l1: { readonly entries: number; readonly maxEntries: number };
  readonly counters: Readonly<Counters>;
}

export interface Cache {
  /** A trusted L1 hit, in this turn and without a promise; undefined otherwise (nothing is counted then). */
  hit<V>(key: string, options?: ReadOptions): ReadResult<V> | undefined;
  /** L1, else an equal read in flight, else L2, else the origin under a fill lease. */
  get<V>(key: string, load: Load<V>, options?: ReadOptions): Promise<ReadResult<V>>;
  /** Marks the keys, commits, unmarks: nobody can spread the new value before this resolves, or the old one after. */
  mutate<T>(mutation: Mutation, commit: Commit<T>): Promise<WriteResult<T>>;
  /**
   * Writes a value whose only home is the cache: no origin can give it back, and it is lost with the epoch. Throws
   * `CacheError` `E_CACHE_MARKED` while a `mutate` of the key is under way. Read it with `find`, not with `get`.
   */
  set<V>(key: string, value: V, options?: SetOptions): Promise<WriteResult<void>>;
  /** Reads what `set` wrote, at any level; undefined when it is not there (any more). */
  find<V>(key: string, options?: ReadOptions): Promise<ReadResult<V> | undefined>;
  /** For changes that were committed elsewhere: every replica drops the keys and tags. */
  invalidate(mutation: Mutation): Promise<WriteResult<void>>;
  /** The client's next token: its present one and the given stamps, merged. Opaque, at most 2 KiB. */
  issue(stamps: Stamp | readonly Stamp[], token?: string): string;
  /** Looks without filling, and without touching L1's recency or any counter. */
  peek(key: string): Promise<Peeked>;
  /** Empties L1; the next reads go to L2. */
  flushL1(): void;
  status(): CacheStatus;
  /** Resolves when the cache is attached and trusted; rejects when `signal` aborts first. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Leaves the bus last; reads and writes fail afterwards. */
  close(): Promise<void>;
}
