/** Caches on a real Redis that fails: cut and half-open buses, a Redis that stops, dies and returns. */
import type { Link } from '@lockstep/cluster';
import { startLink } from '@lockstep/cluster/servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Cache } from '../src/cache.ts';
import { createCache } from '../src/guarded.ts';
import type { CacheOptions } from '../src/options.ts';
import { partitionNames } from '../src/redis/names.ts';
import { Origin } from './origin.ts';
import { endQuarantine, startRedis } from './redis.ts';

/** Where the bound is held against the clock, or a silence has to be noticed. */
const STALENESS_MS = 1_000;
/**
 * A long bound and the usual beat: where a machine stands still for a second, no command fails that no test makes fail. A
 * MARK that is answered half a commit limit late refuses its write.
 */
const PATIENT = { stalenessMs: 10_000, beatMs: 250, commitLimitMs: 20_000 };
/** What is left of a quarantine that a test waits for, ms. */
const LEFT_MS = 1_000;
/** Longer than a test may run. */
const FOR_EVER_MS = 600_000;
const NAMES = partitionNames('lockstep', 0);

let server: Awaited<ReturnType<typeof startRedis>>;
let link: Link;
let writer: Cache;
/** Its bus goes through the link. */
let reader: Cache;
let origin: Origin;

beforeEach(async () => {
  server = await startRedis();
  link = await startLink(server.url);
  origin = new Origin();
});

afterEach(async () => {
  await Promise.all([writer.close(), reader.close()]);
  await link.close();
  await server.stop();
});

async function start(writing: Partial<CacheOptions> = {}, reading = writing): Promise<void> {
  writer = createCache({ ...options('writer'), ...writing });
  reader = createCache({ ...options('reader'), ...reading, busUrl: link.url });
  await Promise.all([writer, reader].map((cache) => cache.ready(AbortSignal.timeout(60_000))));
  await endQuarantine(server.client);
  await settled();
}

const options = (name: string) => ({ redisUrl: server.url, name, ...PATIENT });
const quarantine = () => [writer, reader].map((cache) => cache.status().partitions[0]?.quarantineMs);

async function settled(): Promise<void> {
  await Promise.all([writer, reader].map((cache) => cache.ready(AbortSignal.timeout(60_000))));
  await expect.poll(quarantine).toEqual([0, 0]);
}

/** Both caches are in the epoch after this one. */
async function epochAfter(before: string | null | undefined): Promise<void> {
  const epochs = () => [writer, reader].map((cache) => cache.status().partitions[0]?.epoch);
  await Promise.all([writer, reader].map((cache) => cache.ready(AbortSignal.timeout(60_000))));
  await expect.poll(() => epochs().every((epoch) => epoch !== before)).toBe(true);
  await expect.poll(() => new Set(epochs()).size).toBe(1);
}

/**
 * A quarantine counts from the beginning of its epoch and outlasts the longest mark; this makes it last until its end is
 * called for, and from then on as long as one of which all but a little is over.
 */
async function longQuarantine(): Promise<() => Promise<unknown>> {
  const longest = Number(await server.client.hget(NAMES.meta, 'longestMark'));
  await server.client.hset(NAMES.meta, 'longestMark', FOR_EVER_MS);
  return async () => {
    const [seconds] = await server.client.time();
    const since = Number(seconds) * 1_000 - longest + LEFT_MS;
    await server.client.hset(NAMES.meta, { longestMark: longest, since });
  };
}

/**
 * Reads until the version, which was just acknowledged, is there; answers how long after that the last read began that
 * returned an older one. That is what is bounded, on however slow a machine.
 */
async function lagOf(version: number): Promise<number> {
  const from = performance.now();
  let lag = 0;
  const read = async () => {
    const began = performance.now() - from;
    const value = await origin.read(reader, 'k');
    if (value < version) lag = began;
    return value;
  };
  await expect.poll(read, { interval: 5 }).toBe(version);
  return lag;
}

test.each(['down', 'blackhole'] as const)(
  'a bus that is %s costs latency: the beat pulls what it lost',
  async (kind) => {
    await start({}, { stalenessMs: STALENESS_MS });
    await origin.read(reader, 'k');
    await link.fail({ kind });
    for (let version = 1; version <= 3; version++) {
      await origin.write(writer, 'k');
      expect(await lagOf(version)).toBeLessThanOrEqual(STALENESS_MS);
    }
    await expect.poll(() => reader.status().trust.state).toBe('trusted');
    await link.heal();
  },
);

test('a Redis that is stopped: reads fall through, writes are refused before they commit, both come back', async () => {
  await start({ stalenessMs: STALENESS_MS });
  await origin.read(reader, 'k');
  process.kill(server.pid as number, 'SIGSTOP');
  try {
    await expect(origin.write(writer, 'k')).rejects.toMatchObject({ code: 'E_CACHE_UNREACHABLE' });
    expect(origin.commits).toBe(0);
    await expect.poll(() => reader.status().state).toBe('parked');
    origin.commit('k');
    expect(await reader.get('k', origin.load)).toMatchObject({ value: 1, tier: 'BYPASS', stamp: { epoch: null } });
  } finally {
    process.kill(server.pid as number, 'SIGCONT');
  }
  await settled();
  await expect.poll(async () => (await origin.write(writer, 'k')).result).toBeGreaterThan(1);
  await lagOf(origin.version('k'));
});

test.each([true, false])(
  'a Redis that is killed (data lost: %s) begins a new epoch, in quarantine, and serves again',
  async (loseData) => {
    await start();
    await origin.read(reader, 'k');
    await origin.write(writer, 'other');
    const before = reader.status().partitions[0]?.epoch;
    const [killedAt] = await server.client.time();
    await server.restart({ kill: true, loseData });
    await epochAfter(before);
    expect(reader.status().l1.entries).toBe(0);
    expect(Number(await server.client.hget(NAMES.meta, 'since'))).toBeGreaterThanOrEqual(Number(killedAt) * 1_000);
    const end = await longQuarantine();
    expect((await reader.get('k', origin.load)).tier).toBe('BYPASS');
    await origin.write(writer, 'k');
    await end();
    await settled();
    // A replica takes Redis' time for a little later than it is, so the first look may come just before the end.
    await expect.poll(() => reader.get('k', origin.load)).toMatchObject({ value: 1, tier: 'ORIGIN' });
    await expect.poll(() => writer.get('k', origin.load)).toMatchObject({ value: 1, tier: 'L2' });
  },
);

test('a fill lease that outlives its epoch holds nobody up, neither in the quarantine nor after it', async () => {
  await start();
  const holder = createCache({ ...options('holder'), loadLimitMs: FOR_EVER_MS });
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  try {
    await holder.ready(AbortSignal.timeout(60_000));
    const loading = holder.get('k', async () => {
      started.resolve();
      await gate.promise;
      return { value: 0 };
    });
    await started.promise;
    const before = reader.status().partitions[0]?.epoch;
    await server.restart({ kill: true });
    await epochAfter(before);
    expect(await server.client.get(NAMES.key('k'))).toMatch(`L ${before} `);
    const end = await longQuarantine();
    expect((await reader.get('k', origin.load)).tier).toBe('BYPASS');
    await end();
    await settled();
    await expect.poll(() => reader.get('k', origin.load)).toMatchObject({ tier: 'ORIGIN' });
    expect(reader.status().counters.leaseWaits).toBe(0);
    gate.resolve();
    expect((await loading).tier).toBe('BYPASS');
    await expect.poll(() => writer.get('k', origin.load)).toMatchObject({ tier: 'L2' });
  } finally {
    gate.resolve();
    await holder.close();
  }
});

test('a write whose marks are lost with Redis during its commit is invalidated in the new epoch', async () => {
  await start();
  await origin.read(reader, 'k');
  const before = reader.status().partitions[0]?.epoch;
  const writing = writer.mutate({ keys: ['k'] }, async () => {
    await server.client.flushall();
    return origin.commit('k');
  });
  expect((await writing).result).toBe(1);
  await expect.poll(() => origin.read(reader, 'k')).toBe(1);
  await epochAfter(before);
  await endQuarantine(server.client);
  await settled();
  expect(await origin.read(reader, 'k')).toBe(1);
});

test('a committed write whose UNMARK finds no Redis is "unknown", and is invalidated once Redis is back', async () => {
  // As soon as a machine that stands still for a second allows.
  await start({ stalenessMs: 3 * STALENESS_MS });
  await origin.read(reader, 'k');
  const writing = writer.mutate({ keys: ['k'] }, async () => {
    process.kill(server.pid as number, 'SIGSTOP');
    return origin.commit('k');
  });
  try {
    await expect(writing).rejects.toMatchObject({ code: 'E_CACHE_OUTCOME_UNKNOWN' });
  } finally {
    process.kill(server.pid as number, 'SIGCONT');
  }
  await settled();
  await lagOf(1);
  await expect.poll(() => reader.get('k', origin.load)).toMatchObject({ value: 1, tier: 'L1' });
});
