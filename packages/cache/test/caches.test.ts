/** Three caches in one process on a real Redis, before an origin with gates: what every replica may be promised. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Cache, Counters, Stamp } from '../src/cache.ts';
import { READS_IN_FLIGHT } from '../src/core/limits.ts';
import { parseToken } from '../src/core/token.ts';
import { CommitAborted } from '../src/errors.ts';
import { createCache } from '../src/guarded.ts';
import type { CacheOptions } from '../src/options.ts';
import { partitionNames } from '../src/redis/names.ts';
import { Origin } from './origin.ts';
import { endQuarantine, startRedis } from './redis.ts';

/**
 * A long bound and the usual beat: a machine that stands still for a second must not turn hits into loads. No load that a
 * test holds back comes to its limit, and a mark outlives the commit limit by its half: a MARK that is answered later than
 * that refuses its write, and what a test does under one must fit.
 */
const PATIENT = { stalenessMs: 10_000, beatMs: 250, loadLimitMs: 60_000, commitLimitMs: 20_000 };

let server: Awaited<ReturnType<typeof startRedis>>;
let caches: Cache[];
let origin: Origin;

beforeEach(async () => {
  server = await startRedis();
  origin = new Origin((key) => (key === 'list' ? ['products'] : []));
  caches = ['api-1', 'api-2', 'api-3'].map((name) => open(name));
  await settled();
});

afterEach(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await server.stop();
});

function open(name: string, more: Partial<CacheOptions> = {}): Cache {
  return createCache({ redisUrl: server.url, name, ...PATIENT, ...more });
}

/** Attached, trusted, and without a quarantine: what is read is cached. */
async function settled(): Promise<void> {
  await Promise.all(caches.map((cache) => cache.ready(AbortSignal.timeout(60_000))));
  await endQuarantine(server.client);
  await expect.poll(() => caches.map((cache) => cache.status().partitions[0]?.quarantineMs)).toEqual([0, 0, 0]);
}

function replica(index: number): Cache {
  return caches[index] as Cache;
}

const readAll = (key: string) => Promise.all(caches.map((cache) => origin.read(cache, key)));
const versionsInL1 = async (key: string) =>
  Promise.all(caches.map(async (cache) => (await cache.peek(key)).l1?.value ?? null));

function expectIdentity(counters: Readonly<Counters>): void {
  const { gets, l1Hits, l2Hits, loads, joins, bypasses, failures } = counters;
  expect(gets).toBe(l1Hits + l2Hits + loads + joins + bypasses + failures);
}

test('a value is loaded once, then comes from L2 and L1; a write reaches every replica', async () => {
  expect((await replica(0).get('k', origin.load)).tier).toBe('ORIGIN');
  expect((await replica(1).get('k', origin.load)).tier).toBe('L2');
  expect((await replica(1).get('k', origin.load)).tier).toBe('L1');
  await readAll('k');
  expect(origin.loads).toBe(1);
  await origin.write(replica(0), 'k');
  await expect.poll(() => versionsInL1('k')).toEqual([null, null, null]);
  expect(await readAll('k')).toEqual([1, 1, 1]);
  expect(origin.loads).toBe(2);
});

test('a list goes with its tag, after the commit', async () => {
  await readAll('list');
  await origin.write(replica(0), 'k', ['products']);
  origin.commit('list');
  await expect.poll(() => versionsInL1('list')).toEqual([null, null, null]);
  expect(await readAll('list')).toEqual([1, 1, 1]);
});

test('a read in flight across an invalidation stores its old value in no tier', async () => {
  const opened = origin.shut();
  const reading = replica(0).get('k', origin.load);
  await expect.poll(() => origin.loads).toBe(1);
  origin.commit('k');
  await replica(1).invalidate({ keys: ['k'] });
  opened();
  expect(await reading).toMatchObject({ value: 0, tier: 'BYPASS' });
  expect(await replica(0).peek('k')).toEqual({ key: 'k', l1: null, l2: null });
  expect(replica(0).status().counters.fillsRefused).toBe(1);
  expect(await readAll('k')).toEqual([1, 1, 1]);
});

test('a thousand readers on three caches are one load', async () => {
  const opened = origin.shut();
  const readers = caches.flatMap((cache) => Array.from({ length: 334 }, () => cache.get('k', origin.load)));
  await expect.poll(() => caches.filter((cache) => cache.status().counters.leaseWaits > 0).length).toBe(2);
  opened();
  const results = await Promise.all(readers);
  expect(origin.loads).toBe(1);
  expect(new Set(results.map((result) => result.value))).toEqual(new Set([0]));
  for (const cache of caches) expectIdentity(cache.status().counters);
  expect(results.filter((result) => result.tier === 'ORIGIN' && !result.joined)).toHaveLength(1);
});

test('readers that wait are bounded, those who join included: the next is shed', async () => {
  const gate = Promise.withResolvers<{ value: number }>();
  const load = () => gate.promise;
  const waiting = Array.from({ length: READS_IN_FLIGHT }, () => replica(0).get('k', load));
  await expect(replica(0).get('k', load)).rejects.toMatchObject({ code: 'E_CACHE_OVERLOADED' });
  gate.resolve({ value: 7 });
  const values = (await Promise.all(waiting)).map(({ value }) => value);
  expect(values.every((value) => value === 7)).toBe(true);
  const { counters } = replica(0).status();
  expect(counters).toMatchObject({ shed: 1, failures: 1, loads: 1, joins: READS_IN_FLIGHT - 1 });
  expectIdentity(counters);
});

test('a waiter looks again at each notice of its key, not only when its own patience ends', async () => {
  const opened = origin.shut();
  const reads = [replica(0), replica(1)].map((cache) => origin.read(cache, 'k'));
  const waits = () => replica(0).status().counters.leaseWaits + replica(1).status().counters.leaseWaits;
  await expect.poll(waits).toBe(1);
  // By itself it looks five times a second, on a busy machine less often; ten looks more than that are those of notices.
  const { bus } = partitionNames('lockstep', 0);
  const before = waits();
  const since = performance.now();
  const looksByItself = () => 1 + (performance.now() - since) / 200;
  const notify = async () => {
    await server.client.publish(bus, 'F "k"');
    return waits() - before - looksByItself();
  };
  await expect.poll(notify, { interval: 10 }).toBeGreaterThanOrEqual(10);
  opened();
  expect(await Promise.all(reads)).toEqual([0, 0]);
  expect(origin.loads).toBe(1);
});

test('while a write is under way nobody stores the key; afterwards its value is cached', async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const writing = replica(0).mutate({ keys: ['k'] }, async () => {
    started.resolve();
    await gate.promise;
    return origin.commit('k');
  });
  await started.promise;
  expect(await replica(1).get('k', origin.load)).toMatchObject({ value: 0, tier: 'BYPASS' });
  expect((await replica(1).peek('k')).l2?.state).toBe('mark');
  gate.resolve();
  await writing;
  expect(await replica(1).get('k', origin.load)).toMatchObject({ value: 1, tier: 'ORIGIN' });
});

test('an aborted commit leaves no mark; one that nobody knows of leaves them, and invalidates at their end', async () => {
  await readAll('list');
  const abort = replica(0).mutate({ keys: ['k'], tags: ['products'] }, async () => {
    throw new CommitAborted('rolled back');
  });
  await expect(abort).rejects.toMatchObject({ code: 'E_CACHE_COMMIT_ABORTED' });
  expect(await replica(1).peek('k')).toMatchObject({ l2: null });
  // One whose marks end soon.
  const brief = open('brief', { commitLimitMs: 4_000 });
  caches.push(brief);
  await brief.ready(AbortSignal.timeout(60_000));
  const unknown = brief.mutate({ keys: ['k'], tags: ['products'] }, async () => {
    origin.commit('k');
    origin.commit('list');
    throw new Error('the connection to the origin broke');
  });
  await expect(unknown).rejects.toMatchObject({ code: 'E_CACHE_OUTCOME_UNKNOWN' });
  expect((await replica(1).peek('k')).l2?.state).toBe('mark');
  await expect.poll(() => replica(1).peek('k')).toMatchObject({ l2: null });
  await expect.poll(() => versionsInL1('list')).toEqual([null, null, null, null]);
  expect(await readAll('list')).toEqual([1, 1, 1, 1]);
  expect(replica(0).status().counters).toMatchObject({ writesUnknown: 0, writeFailures: 1 });
  expect(brief.status().counters).toMatchObject({ writesUnknown: 1, writeFailures: 0 });
});

test('a loader that fails gives its lease back, and its failure is counted', async () => {
  const failing = () => Promise.reject(new Error('no origin'));
  await expect(replica(0).get('k', failing)).rejects.toThrow('no origin');
  expect(await replica(0).peek('k')).toMatchObject({ l2: null });
  await expect(replica(0).get('k', () => Promise.reject())).rejects.toThrow('without a reason');
  expect(replica(0).status().counters).toMatchObject({ gets: 2, failures: 2 });
});

test('strong reads see every acknowledged write, whichever replica made it', async () => {
  for (let round = 1; round <= 20; round++) {
    await origin.write(replica(round % 3), 'k');
    const versions = await Promise.all(caches.map((cache) => origin.read(cache, 'k', { level: 'strong' })));
    expect(versions).toEqual([round, round, round]);
  }
});

test('names that Redis, JSON or node-cache would take for something else are keys like others', async () => {
  for (const key of ['constructor', '__proto__', 'toString', 'a "b"\n', 'é{x}']) {
    expect(await readAll(key)).toEqual([0, 0, 0]);
    await origin.write(replica(0), key);
    await expect.poll(() => versionsInL1(key)).toEqual([null, null, null]);
    expect(await readAll(key)).toEqual([1, 1, 1]);
  }
  await expect(replica(0).get('\ud800', origin.load)).rejects.toMatchObject({ code: 'E_CACHE_LIMIT' });
});

test('a full Redis: reads go through without a foreign token, writes still invalidate', async () => {
  await readAll('k');
  await server.client.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
  const read = await replica(0).get('new', origin.load);
  expect(read.tier).toBe('BYPASS');
  expect(read.stamp.epoch).not.toBeNull();
  await origin.write(replica(0), 'k');
  await expect.poll(() => versionsInL1('k')).toEqual([null, null, null]);
  expect(await readAll('k')).toEqual([1, 1, 1]);
});

test('a stamp from before the present epoch does not wash out what a client has seen since', async () => {
  const { meta } = partitionNames('lockstep', 0);
  const epochs: string[] = [];
  for (let i = 0; i < 3; i++) {
    const epoch = () => String(replica(0).status().partitions[0]?.epoch);
    await expect.poll(() => epochs.includes(epoch())).toBe(false);
    epochs.push(epoch());
    if (i < 2) await server.client.hset(meta, 'id', 'master_replid:0000');
  }
  const [e0, e1, e2] = epochs.map((epoch) => ({ partition: 0, epoch, clock: 9 }));
  const token = replica(0).issue(e1 as Stamp);
  expect(parseToken(replica(0).issue(e0 as Stamp, token))).toMatchObject([e1, e0]);
  expect(parseToken(replica(0).issue(e2 as Stamp, token))).toMatchObject([e2]);
});

test('what cannot be decoded is nothing to an observer, and a reader goes to the origin', async () => {
  await readAll('k');
  const name = partitionNames('lockstep', 0).key('k');
  const stored = String(await server.client.get(name));
  await server.client.set(name, stored.replace(/\n.*$/s, '\nnot JSON'));
  expect((await replica(0).peek('k')).l2).toBeNull();
  replica(0).flushL1();
  expect(await replica(0).get('k', origin.load)).toMatchObject({ value: 0, tier: 'BYPASS' });
});

test('an invalidation that nobody confirms says that it may be repeated, and not that nothing was committed', async () => {
  const lone = open('api-4', { redisUrl: 'redis://127.0.0.1:1' });
  await expect(lone.invalidate({ keys: ['k'] })).rejects.toMatchObject({
    code: 'E_CACHE_UNREACHABLE',
    message: 'the invalidation has not been confirmed, repeat it: Redis does not answer',
  });
  expect(lone.status().counters).toMatchObject({ writes: 0, writeFailures: 1 });
  await lone.close();
});

test('close fails what comes after it, and whoever still waits for it to be ready', async () => {
  const lone = open('api-4', { redisUrl: 'redis://127.0.0.1:1' });
  const waiting = expect(lone.ready()).rejects.toMatchObject({ code: 'E_CACHE_CLOSED' });
  await lone.close();
  await waiting;
  await readAll('k');
  await replica(0).close();
  expect(replica(0).hit('k')).toBeUndefined();
  await expect(replica(0).get('k', origin.load)).rejects.toMatchObject({ code: 'E_CACHE_CLOSED' });
  await expect(origin.write(replica(0), 'k')).rejects.toMatchObject({ code: 'E_CACHE_CLOSED' });
});
