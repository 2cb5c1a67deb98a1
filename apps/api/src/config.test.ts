import { describe, expect, test } from 'vitest';
import { ConfigError, type Environment, readConfig } from './config.ts';

const URLS = { REDIS_URL: 'redis://:secret@redis:6379', DATABASE_URL: 'postgres://a:secret@db/shop' };

function problemsOf(env: Environment, readFile?: (path: string) => string): readonly string[] {
  try {
    readConfig(env, readFile);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('two URLs are enough', () => {
  expect(readConfig(URLS)).toEqual({
    name: null,
    host: '0.0.0.0',
    port: 3_000,
    internalHost: '127.0.0.1',
    internalPort: 3_001,
    databaseUrl: URLS.DATABASE_URL,
    protocol: 'guarded',
    outbox: true,
    cache: { redisUrl: URLS.REDIS_URL, loads: 16, loadLimitMs: 5_000 },
    logLevel: 'info',
  });
});

test('everything can be said', () => {
  const config = readConfig({
    ...URLS,
    HOST: '127.0.0.1',
    PORT: '8080',
    INTERNAL_HOST: '127.0.0.2',
    INTERNAL_PORT: '9090',
    REPLICA_NAME: 'api-2',
    REDIS_BUS_URL: 'redis://127.0.0.1:7000',
    CACHE_STALENESS_MS: '2000',
    CACHE_BEAT_MS: '100',
    CACHE_L1: 'lru',
    CACHE_L1_MAX_ENTRIES: '7',
    CACHE_L1_TTL_MS: '8',
    CACHE_L2_TTL_MS: '900',
    CACHE_LOAD_LIMIT_MS: '1000',
    CACHE_LOADS: '3',
    CACHE_WRITES: 'linearizable',
    CACHE_PARTITIONS: '4',
    CACHE_FAILOVER_MS: '0',
    CACHE_OUTBOX: 'off',
    CACHE_ON_UNREACHABLE: 'fail',
    CACHE_ON_UNPROVEN: 'stale',
    CACHE_AFTER_LOSS: 'drop',
    CACHE_RELAY_MS: '50',
    CACHE_PROTOCOL: 'naive',
    LOG_LEVEL: 'debug',
    HOME: '/root',
  });
  expect(config).toMatchObject({ name: 'api-2', host: '127.0.0.1', port: 8_080, internalHost: '127.0.0.2' });
  expect(config).toMatchObject({ internalPort: 9_090, protocol: 'naive', outbox: false, logLevel: 'debug' });
  expect(config.cache).toEqual({
    redisUrl: URLS.REDIS_URL,
    busUrl: 'redis://127.0.0.1:7000',
    stalenessMs: 2_000,
    beatMs: 100,
    l1: 'lru',
    l1MaxEntries: 7,
    l1TtlMs: 8,
    l2TtlMs: 900,
    loadLimitMs: 1_000,
    loads: 3,
    partitions: 4,
    failoverMs: 0,
    writes: 'linearizable',
    onUnreachable: 'fail',
    onUnproven: 'stale',
    afterLoss: 'drop',
    relayMs: 50,
  });
});

test('an empty variable is one that is not set', () => {
  expect(readConfig({ ...URLS, CACHE_L1: '', CACHE_LOADS: '', REPLICA_NAME: '', REDIS_URL_FILE: '' })).toEqual(
    readConfig(URLS),
  );
});

describe('each of these is one problem', () => {
  test.each([
    [{ PORT: '70000' }, /^PORT must be a whole number from 0 to 65535, not "70000"$/],
    [{ PORT: '-1' }, /^PORT /],
    [{ PORT: '0x50' }, /^PORT /],
    [{ PORT: '3001' }, /^INTERNAL_PORT is 3001 as PORT is/],
    [{ REPLICA_NAME: 'api 2' }, /^REPLICA_NAME /],
    [{ REPLICA_NAME: 'x'.repeat(65) }, /^REPLICA_NAME /],
    [{ DATABASE_URL: '' }, /^DATABASE_URL is missing/],
    [{ DATABASE_URL: 'mysql://a:secret@db/shop' }, /^DATABASE_URL must be a URL/],
    [{ REDIS_URL: 'redis:6379' }, /^REDIS_URL must be a URL/],
    [{ REDIS_URL: 'http://:secret@redis' }, /^REDIS_URL must be a URL that begins with redis/],
    [{ REDIS_URL: 'redis://:secret@a:1,b:2' }, /^REDIS_URL names several hosts.*not there yet/],
    [{ REDIS_URL: 'redis+sentinel://:secret@a:1,b:2/main' }, /^REDIS_URL names Sentinels.*not there yet/],
    [{ REDIS_BUS_URL: 'redis://:secret@' }, /^REDIS_BUS_URL must name a host/],
    [{ REDIS_URL_FILE: '/run/redis' }, /^REDIS_URL and REDIS_URL_FILE are both set/],
    [{ DATABASE_URL_FILE: '/run/db' }, /^DATABASE_URL and DATABASE_URL_FILE are both set/],
    [{ CACHE_STALENESS_MS: '1s' }, /^CACHE_STALENESS_MS must be a whole number/],
    [
      { CACHE_STALENESS_MS: '1200', CACHE_BEAT_MS: '400' },
      /^CACHE_STALENESS_MS \(1200\) must be more than three times/,
    ],
    [{ CACHE_BEAT_MS: '334' }, /^CACHE_STALENESS_MS \(1000\) must be more than three times CACHE_BEAT_MS \(334\)/],
    [{ CACHE_L1: 'redis' }, /^CACHE_L1 must be one of node-cache, lru/],
    [{ CACHE_L1_MAX_ENTRIES: '0' }, /^CACHE_L1_MAX_ENTRIES /],
    [{ CACHE_LOADS: '1.5' }, /^CACHE_LOADS /],
    [{ CACHE_WRITES: 'linearizable', CACHE_FAILOVER_MS: '10' }, /^CACHE_WRITES linearizable needs CACHE_FAILOVER_MS 0/],
    [{ CACHE_OUTBOX: 'off', CACHE_AFTER_LOSS: 'repair' }, /^CACHE_AFTER_LOSS repair needs CACHE_OUTBOX on/],
    [{ CACHE_OUTBOX: 'off', CACHE_ON_UNREACHABLE: 'outbox' }, /^CACHE_ON_UNREACHABLE outbox needs CACHE_OUTBOX on/],
    [{ CACHE_PROTOCOL: 'naive', CACHE_AFTER_LOSS: 'repair' }, /^CACHE_AFTER_LOSS repair needs/],
    [{ CACHE_RELAY_MS: '500' }, /^CACHE_STALENESS_MS \(1000\) must be more than two beats and CACHE_RELAY_MS/],
    [{ CACHE_ON_UNPROVEN: 'maybe' }, /^CACHE_ON_UNPROVEN must be one of/],
    [{ CACHE_WRITES: 'fast' }, /^CACHE_WRITES must be one of/],
    [{ CACHE_PROTOCOL: 'magic' }, /^CACHE_PROTOCOL /],
    [{ CACHE_TTL: '5' }, /^CACHE_TTL is not known; there are CACHE_STALENESS_MS, /],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL /],
  ])('%j', (env, problem) => {
    const problems = problemsOf({ ...URLS, ...env });
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join('\n')).not.toContain('secret');
  });

  test('three beats fit into the bound exactly when it is longer than they are', () => {
    expect(problemsOf({ ...URLS, CACHE_STALENESS_MS: '1201', CACHE_BEAT_MS: '400' })).toEqual([]);
  });
});

test('all problems are told at once', () => {
  expect(problemsOf({ PORT: 'x', CACHE_L1: 'x', CACHE_X: 'x', LOG_LEVEL: 'x' })).toHaveLength(6);
});

describe('URLs from files', () => {
  const files: Record<string, string> = { '/run/redis': 'redis://:secret@r\n', '/run/odd': 'ftp://:secret@x' };
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };

  test('are read without the white space around them', () => {
    const { cache } = readConfig({ DATABASE_URL: URLS.DATABASE_URL, REDIS_URL_FILE: '/run/redis' }, readFile);
    expect(cache.redisUrl).toBe('redis://:secret@r');
  });

  test('that are not there, or hold something else, are a problem of the file', () => {
    const [missing, odd] = ['/run/none', '/run/odd'].map((path) =>
      problemsOf({ DATABASE_URL: URLS.DATABASE_URL, REDIS_URL_FILE: path }, readFile),
    );
    expect(missing).toEqual([expect.stringMatching(/^REDIS_URL_FILE cannot be read: .*\/run\/none/)]);
    expect(odd).toEqual([expect.stringMatching(/^REDIS_URL_FILE must be a URL/)]);
  });
});
