import { OptionsError } from './errors.ts';

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
}

export type Settings = { readonly [K in keyof CacheOptions]-?: NonNullable<CacheOptions[K]> };

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
} as const;

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const OPTIONS = [...Object.keys(DEFAULTS), 'redisUrl', 'busUrl', 'name', 'beatMs'];

/** Fills in the defaults and throws `OptionsError` with every problem found. */
export function checkOptions(options: CacheOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...DEFAULTS, busUrl: options.redisUrl, beatMs: 0, ...given } as Settings & { beatMs: number };
  if (given.beatMs === undefined) settings.beatMs = Math.floor(settings.stalenessMs / 4);
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
  for (const name of ['redisUrl', 'busUrl'] as const) problems.push(...urlProblems(name, settings[name]));
  if (settings.l1 !== 'node-cache' && settings.l1 !== 'lru') problems.push('l1 must be node-cache or lru');
  if (settings.stalenessMs <= 3 * settings.beatMs) {
    problems.push(
      `stalenessMs (${settings.stalenessMs}) must be more than three times beatMs (${settings.beatMs}), or one late beat parks L1`,
    );
  }
  if (problems.length > 0) throw new OptionsError(problems);
  return settings;
}

function urlProblems(name: string, url: unknown): string[] {
  if (typeof url !== 'string' || !URL.canParse(url)) return [`${name} must be a URL such as redis://localhost:6379`];
  const { protocol, host } = new URL(url);
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    return [`${name} must begin with redis:// or rediss://, not ${protocol}//`];
  return host.includes(',') || host === '' ? [`${name} must name one host`] : [];
}
