/** What a cache is made of. Every limit has a default; all problems are reported at once by `checkOptions`. */
export interface CacheOptions {
  /** `redis://` or `rediss://`. */
  readonly redisUrl: string;
  /** Where the bus connection goes, when that is another address (a proxy, a replica's own link). */
  readonly busUrl?: string | undefined;
  /** This replica, as its peers and `replicas` in Redis know it: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  /** Prefix of everything in Redis; one namespace has one set of options across all replicas. */
  readonly namespace?: string | undefined;
  /** S: no bounded read is older than this. */
  readonly stalenessMs?: number | undefined;
  /** H: the period of the beat; S > 3H. Default: a quarter of S. */
  readonly beatMs?: number | undefined;
  /** The store behind L1. */
  readonly l1?: 'node-cache' | 'lru' | undefined;
  readonly l1MaxEntries?: number | undefined;
  readonly l1TtlMs?: number | undefined;
  readonly l2TtlMs?: number | undefined;
  /** The longest load, the life of a fill lease and the longest wait for one. */
  readonly loadLimitMs?: number | undefined;
  /** The bulkhead: loads at a time. */
  readonly loads?: number | undefined;
  /** The time a commit may take at the origin; a write mark lives half as long again. */
  readonly commitLimitMs?: number | undefined;
}

export const DEFAULTS = {
  namespace: 'lockstep',
  stalenessMs: 1_000,
  l1: 'node-cache',
  l1MaxEntries: 10_000,
  l1TtlMs: 60_000,
  l2TtlMs: 300_000,
  loadLimitMs: 5_000,
  loads: 16,
  commitLimitMs: 2_000,
} as const;
