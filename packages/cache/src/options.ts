import type { OnUnproven } from './cache.ts';
import { PARTITIONS_MOST } from './core/limits.ts';
import { OptionsError } from './errors.ts';
import type { Outbox } from './outbox/outbox.ts';

/** What a cache is made of. All problems are reported at once. */
export interface CacheOptions {
  /** `redis://` or `rediss://`. */
  readonly redisUrl: string;
  /** Where the bus connection goes, when that is another address (a proxy, a replica's own link). */
  readonly busUrl?: string | undefined;
  /** This replica, as its peers know it: letters, digits, `.`, `_`, `-`. */
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
  /** The keys are spread over so many histories, for life. Default 1. */
  readonly partitions?: number | undefined;
  /**
   * `linearizable`: a write waits until every live L1 has dropped what it changes, at most S, and L1 hits are then
   * linearizable per key. One choice for all replicas of a namespace.
   */
  readonly writes?: 'bounded' | 'linearizable' | undefined;
  /** When Redis cannot be told of a write first: refuse it, or commit and leave its invalidation to the outbox. */
  readonly onUnreachable?: 'fail' | 'outbox' | undefined;
  readonly onUnproven?: OnUnproven | undefined;
  /** D: how long a deposed primary may go on accepting writes. 0 without automatic failover. */
  readonly failoverMs?: number | undefined;
  /** The origin's outbox: with it what is served is proved against commits, whoever made them. */
  readonly outbox?: Outbox | undefined;
  /** The period of the relay. Default: a tenth of S. */
  readonly relayMs?: number | undefined;
  /** Values in L2 from before a loss: dropped, or repaired from the outbox and kept. */
  readonly afterLoss?: 'drop' | 'repair' | undefined;
}

export type Settings = { readonly [K in keyof Omit<CacheOptions, 'outbox'>]-?: NonNullable<CacheOptions[K]> } & {
  readonly outbox: Outbox | null;
};

const DEFAULTS = {
  namespace: 'lockstep',
  stalenessMs: 1_000,
  l1: 'node-cache',
  l1MaxEntries: 10_000,
  l1TtlMs: 60_000,
  l2TtlMs: 300_000,
  loadLimitMs: 5_000,
  loads: 16,
  commitLimitMs: 2_000,
  partitions: 1,
  writes: 'bounded',
  onUnreachable: 'fail',
  onUnproven: 'origin',
  failoverMs: 0,
  outbox: null,
  afterLoss: 'drop',
} as const;

/** Inclusive ranges of what is counted, in ms or pieces. */
const RANGES = {
  stalenessMs: [100, 3_600_000],
  beatMs: [10, 600_000],
  l1MaxEntries: [1, 10_000_000],
  l1TtlMs: [1, 86_400_000],
  l2TtlMs: [100, 86_400_000],
  loadLimitMs: [50, 600_000],
  loads: [1, 10_000],
  commitLimitMs: [50, 600_000],
  partitions: [1, PARTITIONS_MOST],
  failoverMs: [0, 60_000],
  relayMs: [10, 60_000],
} as const;

const CHOICES = {
  l1: ['node-cache', 'lru'],
  writes: ['bounded', 'linearizable'],
  onUnreachable: ['fail', 'outbox'],
  onUnproven: ['origin', 'error', 'stale'],
  afterLoss: ['drop', 'repair'],
} as const;

/** Rounds of the relay within S: each replica's proof is one of these old at least, and two beats more. */
const RELAY_ROUNDS = 10;
const RELAY_LEAST_MS = 20;

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const OPTIONS = [...Object.keys(DEFAULTS), 'redisUrl', 'busUrl', 'name', 'beatMs', 'relayMs'];

/** Fills in the defaults and throws `OptionsError` with every problem found. */
export function checkOptions(options: CacheOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const stalenessMs = options.stalenessMs ?? DEFAULTS.stalenessMs;
  const derived = {
    busUrl: options.redisUrl,
    beatMs: Math.floor(stalenessMs / 4),
    relayMs: Math.max(RELAY_LEAST_MS, Math.floor(stalenessMs / RELAY_ROUNDS)),
  };
  const settings = { ...DEFAULTS, ...derived, ...given } as Settings;
  const problems = Object.keys(given)
    .filter((name) => !OPTIONS.includes(name))
    .map((name) => `${name} is not an option`);
  for (const [name, [least, most]] of Object.entries(RANGES) as [keyof typeof RANGES, readonly [number, number]][]) {
    const value: unknown = settings[name];
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      problems.push(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
    }
  }
  for (const name of ['name', 'namespace'] as const) {
    const value: unknown = settings[name];
    if (typeof value !== 'string' || !NAME.test(value))
      problems.push(`${name} must match ${NAME.source}, not ${JSON.stringify(value)}`);
  }
  problems.push(...urlProblems('redisUrl', settings.redisUrl));
  if (settings.busUrl !== settings.redisUrl) problems.push(...urlProblems('busUrl', settings.busUrl));
  for (const [name, choices] of Object.entries(CHOICES) as [keyof typeof CHOICES, readonly string[]][]) {
    if (!choices.includes(settings[name])) problems.push(`${name} must be ${choices.join(' or ')}`);
  }
  problems.push(...combinationProblems(settings));
  if (problems.length > 0) throw new OptionsError(problems);
  return settings;
}

/** What fits by itself and not together. */
function combinationProblems({ stalenessMs, beatMs, relayMs, outbox, onUnreachable, afterLoss, ...rest }: Settings) {
  const problems: string[] = [];
  if (stalenessMs <= 3 * beatMs) {
    problems.push(
      `stalenessMs (${stalenessMs}) must be more than three times beatMs (${beatMs}), or one late beat parks L1`,
    );
  }
  if (outbox === null && onUnreachable === 'outbox') {
    problems.push('onUnreachable outbox needs an outbox: nothing else would ever invalidate such a write');
  }
  if (outbox === null && afterLoss === 'repair') {
    problems.push('afterLoss repair needs an outbox: nothing else knows which invalidations were lost');
  }
  if (outbox !== null && stalenessMs <= 2 * beatMs + relayMs) {
    problems.push(`stalenessMs (${stalenessMs}) must be more than two beats and a round of the relay (${relayMs} ms)`);
  }
  if (rest.writes === 'linearizable' && rest.failoverMs > 0) {
    problems.push('linearizable writes need failoverMs 0: a deposed primary would acknowledge for L1s that left it');
  }
  return problems;
}

function urlProblems(name: string, url: unknown): string[] {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null) return [`${name} must be a URL such as redis://localhost:6379`];
  const { protocol, host } = parsed;
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    return [`${name} must begin with redis:// or rediss://, not ${protocol}//`];
  return host.includes(',') || host === '' ? [`${name} must name one host`] : [];
}
