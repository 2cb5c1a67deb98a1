/**
 * The textbook cache on a real Redis: that it does its work, so that a comparison with it is fair, and that it is
 * incoherent in the ways its header says, so that a test which the guarded cache passes is one that can be failed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Link } from '@lockstep/cluster';
import { type RunningServer, startLink, startRedisServer } from '@lockstep/cluster/servers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Cache } from '../src/cache.ts';
import { type CacheOptions, CommitAborted, createNaiveCache } from '../src/index.ts';

/** A message or a new connection is awaited for this long; the machine may be busy. */
const SOON = { timeout: 60_000 };
/** Where Redis does not fail: a machine that stands still for a second must not turn hits into loads. */
const PATIENCE_MS = 30_000;

let folder: string;
let redis: RunningServer;
/** What each of these holds lies in a namespace of its own, one per test. */
let namespace = '';
let tests = 0;
let caches: Cache[] = [];
let links: Link[] = [];
/** The origin: the version of each key. */
let versions: Map<string, number>;
let loads: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-naive-'));
  redis = await startRedisServer(folder);
});

afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  namespace = `test${tests++}`;
  versions = new Map();
  loads = 0;
});

afterEach(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await Promise.all(links.map((link) => link.close()));
  caches = [];
  links = [];
});

const optionsOf = (name: string, options: Partial<CacheOptions>) => ({
  redisUrl: redis.url,
  name,
  namespace,
  ...options,
});

function open(name: string, options: Partial<CacheOptions> = {}): Promise<Cache> {
  return opened(createNaiveCache(optionsOf(name, options), PATIENCE_MS));
}

async function opened(cache: Cache): Promise<Cache> {
  caches.push(cache);
  await cache.ready(AbortSignal.timeout(SOON.timeout));
  return cache;
}

async function linkTo(target: string): Promise<Link> {
  const link = await startLink(target);
  links.push(link);
  return link;
}

async function load({ key }: { key: string }) {
  loads++;
  return { value: versions.get(key) ?? 0, tags: ['all'] };
}

const read = (cache: Cache, key = 'k') => cache.get<number>(key, load);

function write(cache: Cache, key = 'k', tags: string[] = []) {
  return cache.mutate({ keys: [key], tags }, async () => {
    const version = (versions.get(key) ?? 0) + 1;
    versions.set(key, version);
    return version;
  });
}

const inL1 = async (cache: Cache, key = 'k') => (await cache.peek(key)).l1?.value;
const inL2 = async (cache: Cache, key = 'k') => (await cache.peek(key)).l2;

test('a value is loaded once, shared through Redis, and served from L1 afterwards', async () => {
  const [a, b] = [await open('a'), await open('b')];
  expect(await read(a)).toMatchObject({ value: 0, tier: 'ORIGIN', unproven: true, proofAgeMs: 0 });
  expect(await read(b)).toMatchObject({ value: 0, tier: 'L2', stamp: { epoch: null } });
  expect(await read(b)).toMatchObject({ value: 0, tier: 'L1', loadMs: null });
  expect(loads).toBe(1);
  expect(b.status()).toMatchObject({ state: 'ready', partitions: [], trust: { state: 'none' }, l1: { entries: 1 } });
});

test('a write on one cache reaches L1 of the other', async () => {
  const [a, b] = [await open('a'), await open('b')];
  await read(a);
  await read(b);
  expect(await write(a)).toMatchObject({ result: 1, stamps: [{ epoch: null }] });
  expect(await inL1(a)).toBeUndefined();
  expect(await inL2(a)).toBeNull();
  await expect.poll(() => inL1(b), SOON).toBeUndefined();
  expect(await read(b)).toMatchObject({ value: 1, tier: 'ORIGIN' });
  expect(await read(a)).toMatchObject({ value: 1, tier: 'L2' });
});

test('a tag invalidates what was filled with it, on every cache', async () => {
  const [a, b] = [await open('a'), await open('b')];
  for (const key of ['x', 'y']) {
    await read(a, key);
    await read(b, key);
  }
  versions.set('x', 7);
  await a.invalidate({ keys: [], tags: ['all'] });
  for (const key of ['x', 'y']) await expect.poll(() => inL1(b, key), SOON).toBeUndefined();
  expect(await read(b, 'x')).toMatchObject({ value: 7, tier: 'ORIGIN' });
  expect(await read(a, 'y')).toMatchObject({ value: 0, tier: 'ORIGIN' });
});

test('equal reads of one process share a load; every read is counted once', async () => {
  const a = await open('a');
  const gate = Promise.withResolvers<void>();
  const gated = async (context: { key: string }) => {
    await gate.promise;
    return load(context);
  };
  const reads = Array.from({ length: 10 }, () => a.get('k', gated));
  gate.resolve();
  const joined = (await Promise.all(reads)).filter((result) => result.joined);
  expect(joined).toHaveLength(9);
  expect(loads).toBe(1);
  await read(a);
  await a.get('k', load, { level: 'strong' });
  await expect(a.get('bad', () => Promise.reject(new Error('no such table')))).rejects.toThrow('no such table');
  expect(a.status().counters).toMatchObject({
    gets: 13,
    l1Hits: 1,
    l2Hits: 0,
    loads: 1,
    joins: 9,
    bypasses: 1,
    failures: 1,
  });
});

test('what was not committed invalidates nothing; what may have been does', async () => {
  const a = await open('a');
  await read(a);
  const aborted = a.mutate({ keys: ['k'] }, () => Promise.reject(new CommitAborted('no such product')));
  await expect(aborted).rejects.toMatchObject({ code: 'E_CACHE_COMMIT_ABORTED' });
  expect(await inL1(a)).toBe(0);
  const unknown = a.mutate({ keys: ['k'] }, () => Promise.reject(new Error('timeout')));
  await expect(unknown).rejects.toMatchObject({ code: 'E_CACHE_OUTCOME_UNKNOWN' });
  expect(await inL1(a)).toBeUndefined();
  expect(await inL2(a)).toBeNull();
  expect(a.status().counters).toMatchObject({ writes: 0, writeFailures: 1, writesUnknown: 1 });
});

test.each(['down', 'blackhole'] as const)(
  'with Redis %s reads go to the origin and writes commit; it comes back by itself',
  async (kind) => {
    const link = await linkTo(redis.url);
    const a = await opened(createNaiveCache(optionsOf('a', { redisUrl: link.url })));
    await link.fail({ kind });
    expect(await read(a)).toMatchObject({ value: 0, tier: 'ORIGIN' });
    expect(await write(a)).toMatchObject({ result: 1 });
    expect(await read(a)).toMatchObject({ value: 1, tier: 'ORIGIN' });
    await expect(a.invalidate({ keys: ['k'] })).rejects.toMatchObject({ code: 'E_CACHE_UNREACHABLE' });
    await link.heal();
    // Each of these may take too long for it on a busy machine.
    const shared = async () => {
      await a.invalidate({ keys: ['k'] });
      await read(a);
      return inL2(a);
    };
    await expect.poll(shared, SOON).toMatchObject({ value: 1 });
  },
);

test('after the end it refuses', async () => {
  const a = await open('a');
  await a.close();
  await expect(read(a)).rejects.toMatchObject({ code: 'E_CACHE_CLOSED' });
  await expect(write(a)).rejects.toMatchObject({ code: 'E_CACHE_CLOSED' });
});

/** Shows a subscription to work: `b` hears of what is written on `a`. */
async function hears(b: Cache, a: Cache): Promise<void> {
  const before = b.status().counters.invalidationsApplied;
  const applied = async () => {
    await write(a, 'probe');
    return b.status().counters.invalidationsApplied - before;
  };
  await expect.poll(applied, SOON).toBeGreaterThan(0);
}

test('race 3: a message lost while the bus is cut leaves the old value in L1 until its TTL', async () => {
  const bus = await linkTo(redis.url);
  const a = await open('a');
  const [b, brief] = [await open('b', { busUrl: bus.url }), await open('c', { busUrl: bus.url, l1TtlMs: 1_000 })];
  await read(b);
  await read(brief);
  await bus.fail({ kind: 'down' });
  await write(a);
  await bus.heal();
  // Long after the write was acknowledged, with every subscription working again:
  await hears(b, a);
  await hears(brief, a);
  expect(await read(a)).toMatchObject({ value: 1 });
  expect(await read(b)).toMatchObject({ value: 0, tier: 'L1' });
  await expect.poll(async () => (await read(brief)).value, SOON).toBe(1);
  expect(await read(b)).toMatchObject({ value: 0, tier: 'L1' });
});

test('race 4: a deaf subscriber believes that it is subscribed and serves what it has', async () => {
  const bus = await linkTo(redis.url);
  const [a, b] = [await open('a'), await open('b', { busUrl: bus.url })];
  await read(b);
  await bus.fail({ kind: 'blackhole' });
  await write(a);
  await write(a);
  expect(b.status().state).toBe('ready');
  expect(await read(b)).toMatchObject({ value: 0, tier: 'L1' });
  // A black hole that ends delivers what it held; only then the value goes.
  await bus.heal();
  await expect.poll(async () => (await read(b)).value, SOON).toBe(2);
});

test('race 1: a load that ends after the write puts the old value into L2, and L2 spreads it', async () => {
  const [a, b, c] = [await open('a'), await open('b'), await open('c')];
  const queried = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow = a.get<number>('k', async (context) => {
    const snapshot = await load(context);
    queried.resolve();
    await gate.promise;
    return snapshot;
  });
  await queried.promise;
  await write(b);
  gate.resolve();
  expect(await slow).toMatchObject({ value: 0 });
  expect(await inL2(a)).toMatchObject({ value: 0 });
  expect(await read(c)).toMatchObject({ value: 0, tier: 'L2' });
  expect(await read(b)).toMatchObject({ value: 0, tier: 'L2' });
  expect(versions.get('k')).toBe(1);
});

test('race 8: a read after its own write joins a load from before it', async () => {
  const a = await open('a');
  const queried = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const early = a.get<number>('k', async (context) => {
    const snapshot = await load(context);
    queried.resolve();
    await gate.promise;
    return snapshot;
  });
  await queried.promise;
  await write(a);
  const own = read(a);
  gate.resolve();
  expect(await own).toMatchObject({ value: 0, joined: true });
  await early;
});
