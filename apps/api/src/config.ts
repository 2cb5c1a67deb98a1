import { readFileSync } from 'node:fs';
import type { CacheOptions } from '@lockstep/cache';
import { redisUrlProblems } from './redis-url.ts';

/** What a replica is told by its environment (docs/HTTP.md, "Environment of a replica"). */
export interface Config {
  /** Null: to be asked of the network (`replica-name.ts`). */
  readonly name: string | null;
  readonly host: string;
  readonly port: number;
  readonly internalHost: string;
  readonly internalPort: number;
  readonly databaseUrl: string;
  readonly protocol: 'guarded' | 'naive';
  /** Whether what is served is proved against the origin's outbox, and this replica runs a relay of it. */
  readonly outbox: boolean;
  readonly cache: CacheSettings;
  readonly logLevel: string;
}

/** What the cache is told, and of it what the origin has to know as well. */
type CacheSettings = Omit<CacheOptions, 'name'> & { readonly loads: number; readonly loadLimitMs: number };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of an environment at once, one line each. None of them repeats a URL, as it may hold a password. */
export class ConfigError extends Error {
  readonly code = 'E_API_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the replica cannot start:\n${problems.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const REPLICA_NAME = /^[A-Za-z0-9._-]{1,64}$/;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
/** Bytes of a file that holds a URL. */
const URL_FILE_BYTES = 4_096;
const STALENESS_DEFAULT_MS = 1_000;
const BEATS_PER_BOUND = 4;
const LOADS_DEFAULT = 16;
const LOAD_LIMIT_DEFAULT_MS = 5_000;

/** Whole numbers and their inclusive ranges, in ms or pieces; the cache's own limits are the same. */
const CACHE_NUMBERS = {
  CACHE_STALENESS_MS: ['stalenessMs', 100, 3_600_000],
  CACHE_BEAT_MS: ['beatMs', 10, 600_000],
  CACHE_L1_MAX_ENTRIES: ['l1MaxEntries', 1, 10_000_000],
  CACHE_L1_TTL_MS: ['l1TtlMs', 1, 86_400_000],
  CACHE_L2_TTL_MS: ['l2TtlMs', 100, 86_400_000],
  CACHE_LOAD_LIMIT_MS: ['loadLimitMs', 50, 600_000],
  CACHE_LOADS: ['loads', 1, 10_000],
  CACHE_PARTITIONS: ['partitions', 1, 64],
  CACHE_FAILOVER_MS: ['failoverMs', 0, 60_000],
  CACHE_RELAY_MS: ['relayMs', 10, 60_000],
} as const;

const CACHE_CHOICES = {
  CACHE_L1: ['l1', ['node-cache', 'lru']],
  CACHE_WRITES: ['writes', ['bounded', 'linearizable']],
  CACHE_ON_UNREACHABLE: ['onUnreachable', ['fail', 'outbox']],
  CACHE_ON_UNPROVEN: ['onUnproven', ['origin', 'error', 'stale']],
  CACHE_AFTER_LOSS: ['afterLoss', ['drop', 'repair']],
} as const;

const CACHE_NAMES = [...Object.keys(CACHE_NUMBERS), ...Object.keys(CACHE_CHOICES), 'CACHE_OUTBOX', 'CACHE_PROTOCOL'];

/** Reads and checks the environment; an empty variable counts as one that is not set. Throws `ConfigError`. */
export function readConfig(env: Environment, readFile: (path: string) => string = readSmallFile): Config {
  const reader = new EnvReader(env, readFile);
  const host = reader.text('HOST') ?? '0.0.0.0';
  const port = reader.number('PORT', 0, 65_535) ?? 3_000;
  const internalHost = reader.text('INTERNAL_HOST') ?? '127.0.0.1';
  const internalPort = reader.number('INTERNAL_PORT', 0, 65_535) ?? 3_001;
  if (port !== 0 && port === internalPort) {
    reader.problem('INTERNAL_PORT', `is ${internalPort} as PORT is: the private listener needs a port of its own`);
  }
  const name = reader.text('REPLICA_NAME') ?? null;
  if (name !== null && !REPLICA_NAME.test(name)) {
    reader.problem('REPLICA_NAME', `must be 1 to 64 letters, digits, '.', '_' or '-', not ${JSON.stringify(name)}`);
  }
  const databaseUrl = reader.url('DATABASE_URL', databaseUrlProblems);
  const redisUrl = reader.url('REDIS_URL', redisUrlProblems);
  const busUrl = reader.text('REDIS_BUS_URL');
  if (busUrl !== undefined) for (const problem of redisUrlProblems(busUrl)) reader.problem('REDIS_BUS_URL', problem);
  const protocol = reader.choice('CACHE_PROTOCOL', ['guarded', 'naive'] as const) ?? 'guarded';
  const outbox = (reader.choice('CACHE_OUTBOX', ['on', 'off'] as const) ?? 'on') === 'on';
  const cache = { redisUrl, ...(busUrl === undefined ? {} : { busUrl }), ...cacheSettings(reader) };
  checkTogether(reader, cache, outbox && protocol === 'guarded');
  const logLevel = reader.choice('LOG_LEVEL', LOG_LEVELS) ?? 'info';
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return { name, host, port, internalHost, internalPort, databaseUrl, protocol, outbox, cache, logLevel };
}

function cacheSettings(reader: EnvReader): Omit<CacheSettings, 'redisUrl'> {
  for (const name of reader.names()) {
    if (name.startsWith('CACHE_') && !CACHE_NAMES.includes(name)) {
      reader.problem(name, `is not known; there are ${CACHE_NAMES.join(', ')}`);
    }
  }
  const numbers = Object.entries(CACHE_NUMBERS).flatMap(([name, [option, least, most]]) => {
    const value = reader.number(name, least, most);
    return value === undefined ? [] : [[option, value]];
  });
  const choices = Object.entries(CACHE_CHOICES).flatMap(([name, [option, words]]) => {
    const value = reader.choice(name, words);
    return value === undefined ? [] : [[option, value]];
  });
  return {
    loads: LOADS_DEFAULT,
    loadLimitMs: LOAD_LIMIT_DEFAULT_MS,
    ...Object.fromEntries(numbers),
    ...Object.fromEntries(choices),
  };
}

/** What fits by itself and not together; the cache says the same of its options, without the variables' names. */
function checkTogether(reader: EnvReader, settings: CacheSettings, outbox: boolean): void {
  if (settings.writes === 'linearizable' && (settings.failoverMs ?? 0) > 0) {
    reader.problem('CACHE_WRITES', 'linearizable needs CACHE_FAILOVER_MS 0');
  }
  if (!outbox && settings.onUnreachable === 'outbox') {
    reader.problem(
      'CACHE_ON_UNREACHABLE',
      'outbox needs CACHE_OUTBOX on: nothing else would ever invalidate such a write',
    );
  }
  if (!outbox && settings.afterLoss === 'repair') {
    reader.problem(
      'CACHE_AFTER_LOSS',
      'repair needs CACHE_OUTBOX on: nothing else knows which invalidations were lost',
    );
  }
  // Nothing can be said of a bound that is no number.
  if (reader.has('CACHE_STALENESS_MS') && settings.stalenessMs === undefined) return;
  const stalenessMs = settings.stalenessMs ?? STALENESS_DEFAULT_MS;
  const beatMs = settings.beatMs ?? Math.floor(stalenessMs / BEATS_PER_BOUND);
  // With S <= 3H one late beat would already park L1.
  if (stalenessMs <= 3 * beatMs) {
    reader.problem(
      'CACHE_STALENESS_MS',
      `(${stalenessMs}) must be more than three times CACHE_BEAT_MS (${beatMs}), or one late beat parks L1`,
    );
  } else if (outbox && settings.relayMs !== undefined && stalenessMs <= 2 * beatMs + settings.relayMs) {
    reader.problem(
      'CACHE_STALENESS_MS',
      `(${stalenessMs}) must be more than two beats and CACHE_RELAY_MS (${settings.relayMs}), or no proof is recent enough`,
    );
  }
}

/** Takes variables one by one and collects what is wrong with them. */
class EnvReader {
  readonly problems: string[] = [];
  readonly #env: Environment;
  readonly #readFile: (path: string) => string;

  constructor(env: Environment, readFile: (path: string) => string) {
    this.#env = env;
    this.#readFile = readFile;
  }

  names(): string[] {
    return Object.keys(this.#env);
  }

  has(name: string): boolean {
    return this.text(name) !== undefined;
  }

  problem(name: string, what: string): void {
    this.problems.push(`${name} ${what}`);
  }

  text(name: string): string | undefined {
    const value = this.#env[name];
    return value === '' ? undefined : value;
  }

  number(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.problem(name, `must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
    return undefined;
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    const choice = choices.find((one) => one === text);
    if (text !== undefined && choice === undefined) {
      this.problem(name, `must be one of ${choices.join(', ')}, not ${JSON.stringify(text)}`);
    }
    return choice;
  }

  /** The variable, or what is in the file that `<name>_FILE` names; '' after a problem. */
  url(name: string, problemsOf: (url: string) => readonly string[]): string {
    const fileName = `${name}_FILE`;
    const given = this.text(name);
    const path = this.text(fileName);
    if (given !== undefined && path !== undefined) {
      this.problem(name, `and ${fileName} are both set: leave one of them out`);
      return '';
    }
    const url = path === undefined ? given : this.#fileText(fileName, path);
    if (url === undefined) {
      if (path === undefined) this.problem(name, `is missing: set it, or ${fileName} to a file that holds it`);
      return '';
    }
    for (const problem of problemsOf(url)) this.problem(path === undefined ? name : fileName, problem);
    return url;
  }

  #fileText(name: string, path: string): string | undefined {
    try {
      return this.#readFile(path).trim();
    } catch (error) {
      this.problem(name, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}

function databaseUrlProblems(url: string): readonly string[] {
  const parsed = URL.parse(url);
  const fits = parsed !== null && ['postgres:', 'postgresql:'].includes(parsed.protocol) && parsed.host !== '';
  return fits ? [] : ['must be a URL such as postgres://user:password@host:5432/database'];
}

function readSmallFile(path: string): string {
  const text = readFileSync(path, 'utf8');
  if (text.length > URL_FILE_BYTES) throw new Error(`${path} has more than ${URL_FILE_BYTES} bytes`);
  return text;
}
