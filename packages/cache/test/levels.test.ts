/**
 * Sessions, keys of `set`, linearizable writes and several partitions, on a real Redis and three caches whose buses can be cut:
 * with a bus that carries everything at once a session would hardly ever be ahead of its replica.
 */
import { createLink, type Link } from '@lockstep/cluster';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Cache, Stamp } from '../src/cache.ts';
import { createCache } from '../src/guarded.ts';
import type { CacheOptions } from '../src/options.ts';
import { partitionNames } from '../src/redis/names.ts';
import { Origin } from './origin.ts';
import { startRedis } from './redis.ts';

/**
 * A long bound and the usual beat: where a machine stands still for a second, no command fails and no trust ends. A MARK that
 * is answered half a commit limit late refuses its write.
 */
const PATIENT = { stalenessMs: 10_000, beatMs: 250, commitLimitMs: 20_000 };
/** Where the end of trust is awaited: as soon as a machine that stands still for a second allows. */
const BRIEF_MS = 3_000;
const NAMES = ['api-1', 'api-2', 'api-3'];

let server: Awaited<ReturnType<typeof startRedis>>;
/** The bus of api-2 and api-3. */
let link: Link;
let caches: Cache[] = [];
let origin: Origin;

beforeEach(async () => {
  server = await startRedis();
  link = await createLink({ target: server.url });
  origin = new Origin((key) => (key === 'list' ? ['products'] : []));
});

afterEach(async () => {
  await Promise.all(caches.map((cache) => cache.close()));
  await link.close();
  await server.stop();
});

async function start(more: Partial<CacheOptions> = {}): Promise<[Cache, Cache, Cache]> {
  const common = { redisUrl: server.url, ...PATIENT, ...more };
  caches = NAMES.map((name, at) => createCache({ ...common, name, ...(at === 0 ? {} : { busUrl: link.url }) }));
  await Promise.all(caches.map((cache) => cache.ready(AbortSignal.timeout(60_000))));
  for (let at = 0; at < (more.partitions ?? 1); at++) {
    await server.client.hset(partitionNames('lockstep', at).meta, 'since', 1);
  }
  const quarantines = () =>
    caches.flatMap((cache) => cache.status().partitions.map(({ quarantineMs }) => quarantineMs));
  await expect.poll(() => Math.max(...quarantines())).toBe(0);
  return caches as [Cache, Cache, Cache];
}

const tokenOf = (cache: Cache, stamps: Stamp | readonly Stamp[], before?: string) => cache.issue(stamps, before);
const inL1 = (cache: Cache, key: string) => cache.hit<number>(key)?.value;

async function warm(...keys: string[]): Promise<void> {
  for (const key of keys) for (const cache of caches) await origin.read(cache, key);
}

test('a session reads its own write on a replica that has not heard of it, and others may still get the old value', async () => {
  const [a, b] = await start();
  await warm('k');
  await link.fail({ kind: 'blackhole' });
  const { stamps } = await origin.write(a, 'k');
  const token = tokenOf(a, stamps);
  // The next beat brings it to everybody: until then it is in L1.
  const bounded = inL1(b, 'k');
  expect(await origin.read(b, 'k', { token })).toBe(1);
  expect([0, 1, undefined]).toContain(bounded);
  expect(await origin.read(b, 'k', { token })).toBe(1);
});

test('a session hits L1 like anybody else once the replica has applied what it has seen', async () => {
  const [a, b] = await start();
  await warm('k', 'other');
  const { stamps } = await origin.write(a, 'k');
  const token = tokenOf(a, stamps);
  await origin.read(b, 'k', { token });
  const read = await b.get<number>('other', origin.load, { token });
  expect(read).toMatchObject({ tier: 'L1', value: 0, unproven: false });
  expect(read.proof.clock).toBeGreaterThanOrEqual(stamps[0]?.clock ?? Number.POSITIVE_INFINITY);
});

test('reads of a session that hops never go back, whatever each replica has heard', async () => {
  const replicas = await start();
  await warm('k');
  await link.fail({ kind: 'blackhole' });
  let token: string | undefined;
  let newest = 0;
  for (let round = 0; round < 60; round++) {
    if (round % 3 === 0) await origin.write(replicas[0], 'k');
    const cache = replicas[round % 3] as Cache;
    const read = await cache.get<number>('k', origin.load, { level: 'session', token });
    expect(read.value).toBeGreaterThanOrEqual(newest);
    newest = read.value;
    token = tokenOf(cache, read.stamp, token);
  }
  expect(newest).toBeGreaterThan(10);
});

test.each([
  ['of another epoch', 'NOW~0.elsewhere.5'],
  ['that was tampered with', 'what is this'],
  ['of an unknown point', 'NOW~0.-.0'],
])(
  'a client with a token %s is served by the origin first, and by the cache soon, however often it reads',
  async (_, text) => {
    const ages = !text.includes('-');
    // Those that age do so in S and the quarantine after it.
    const [a] = await start(ages ? { stalenessMs: 1_000, commitLimitMs: 1_200 } : {});
    await warm('k');
    let token = text.replace('NOW', `2~${(await redisMs()).toString(36)}`);
    const read = async () => {
      const { tier, stamp } = await a.get<number>('k', origin.load, { token });
      token = tokenOf(a, stamp, token);
      return tier;
    };
    expect(await read()).toBe('BYPASS');
    // A clock covers what is unknown. The others are S + Q old once.
    expect(await read()).toBe(ages ? 'BYPASS' : 'L1');
    await expect.poll(read, { interval: 100 }).toBe('L1');
  },
);

test('what `set` wrote is found on every replica, replaced at once for its writer and gone with its tag', async () => {
  const [a, b, c] = await start();
  expect(await b.find('cart')).toBeUndefined();
  const first = await a.set('cart', { items: 1 }, { tags: ['carts'] });
  const token = tokenOf(a, first.stamps);
  expect((await b.find('cart', { token }))?.value).toEqual({ items: 1 });
  expect((await c.find('cart', { level: 'strong' }))?.value).toEqual({ items: 1 });
  expect((await a.find('cart'))?.value).toEqual({ items: 1 });
  expect((await b.find('cart'))?.tier).toBe('L1');
  const second = await a.set('cart', { items: 2 });
  expect((await b.find('cart', { token: tokenOf(a, second.stamps, token) }))?.value).toEqual({ items: 2 });
  await b.set('other', 1, { tags: ['carts'] });
  const { stamps } = await c.invalidate({ keys: [], tags: ['carts'] });
  expect(await a.find('other', { token: tokenOf(c, stamps) })).toBeUndefined();
});

test('`set` is refused while the key is marked, and checks what it is given', async () => {
  const [a, b] = await start();
  await a.mutate({ keys: ['k'] }, async () => {
    await expect(b.set('k', 1)).rejects.toMatchObject({ code: 'E_CACHE_MARKED' });
  });
  await expect(b.set('k', 1, { ttlMs: 0 })).rejects.toMatchObject({ code: 'E_CACHE_LIMIT' });
  await expect(b.set('k', undefined)).rejects.toMatchObject({ code: 'E_CACHE_LIMIT' });
  await b.set('k', 7, { ttlMs: 60_000 });
  expect((await a.find('k', { level: 'strong' }))?.value).toBe(7);
});

test('linearizable: a write begins its commit when no L1 holds the old value any more', async () => {
  const [a, ...others] = await start({ writes: 'linearizable' });
  await warm('k');
  expect(others.map((cache) => inL1(cache, 'k'))).toEqual([0, 0]);
  await a.mutate({ keys: ['k'] }, async (window) => {
    window.opened();
    expect(caches.map((cache) => inL1(cache, 'k'))).toEqual([undefined, undefined, undefined]);
    origin.commit('k');
  });
  expect((await others[0]?.get('k', origin.load, { level: 'strong' }))?.value).toBe(1);
  // Strong readers may have it from L1 then.
  expect(others[0]?.hit('k', { level: 'strong' })?.value).toBe(1);
});

test('linearizable: a replica that cannot be heard holds a write up until its trust has ended, and not for longer', async () => {
  const [a, b] = await start({ stalenessMs: BRIEF_MS, writes: 'linearizable' });
  await warm('k');
  await origin.write(a, 'k');
  // The row of an L1 that lives and says nothing. Its trust ends by Redis' time, whoever is paused meanwhile.
  const beatAt = await redisMs();
  await server.client.hset(partitionNames('lockstep', 0).replicas, 'ghost.start', `e 0 ${beatAt} ghost nowhere`);
  const { result: committedAt } = await a.mutate({ keys: ['k'] }, async (window) => {
    // It has not waited for longer than the half of the commit limit, or too little of the mark would be left.
    window.opened();
    origin.commit('k');
    return redisMs();
  });
  expect(committedAt - beatAt).toBeGreaterThanOrEqual(BRIEF_MS);
  // And for not much longer than it had to, on a machine that may be busy.
  expect(committedAt - beatAt).toBeLessThan(2 * BRIEF_MS);
  expect(await origin.read(b, 'k', { level: 'strong' })).toBe(2);
});

async function redisMs(): Promise<number> {
  const [seconds, micros] = (await server.client.time()).map(Number) as [number, number];
  return seconds * 1_000 + Math.floor(micros / 1_000);
}

test('several partitions: keys are spread, tags reach all of them, a token speaks of each', async () => {
  const [a, b] = await start({ partitions: 4 });
  const keys = Array.from({ length: 40 }, (_, at) => `k${at}`);
  await warm(...keys, 'list');
  const used = await Promise.all([0, 1, 2, 3].map((at) => server.client.keys(`{lockstep:${at}}k:*`)));
  expect(used.every((of) => of.length > 0)).toBe(true);
  await link.fail({ kind: 'blackhole' });
  const { stamps } = await a.mutate({ keys: ['k1', 'k2', 'k3', 'k4'], tags: ['products'] }, async () => {
    for (const key of ['k1', 'k2', 'k3', 'k4', 'list']) origin.commit(key);
  });
  expect(stamps.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3]);
  const token = tokenOf(a, stamps);
  expect(token.split('~')).toHaveLength(6);
  for (const key of ['k1', 'k2', 'k3', 'k4', 'list', 'k5']) {
    expect(await origin.read(b, key, { token })).toBe(key === 'k5' ? 0 : 1);
  }
  expect(b.status().partitions).toHaveLength(4);
});

test('several partitions: one that refuses its mark refuses the whole write, and no mark stays', async () => {
  const [a] = await start({ partitions: 4 });
  // Of partition 1 what serves the beat, and none of the keys. Not a shorter longest mark, which the next beat mends.
  const allowed = ['{lockstep:0}*', '{lockstep:1}[^k]*', '{lockstep:2}*', '{lockstep:3}*'].map((keys) => `~${keys}`);
  await server.client.call('ACL', 'SETUSER', 'default', 'resetkeys', ...allowed);
  const write = a.mutate({ keys: Array.from({ length: 20 }, (_, at) => `k${at}`) }, async () => origin.commit('k'));
  await expect(write).rejects.toMatchObject({ code: 'E_CACHE_UNREACHABLE' });
  expect(origin.commits).toBe(0);
  for (const at of [0, 2, 3]) expect(await server.client.zcard(partitionNames('lockstep', at).marks)).toBe(0);
});

test('without a Redis to prove it: the origin, an error, or what L1 holds, labelled, as each reader chooses', async () => {
  const [a] = await start({ stalenessMs: BRIEF_MS });
  await warm('k');
  await server.client.call('CLIENT', 'PAUSE', '60000', 'ALL').catch(() => undefined);
  await expect.poll(() => a.status().trust.state).toBe('lapsed');
  origin.commit('k');
  expect(await a.get('k', origin.load, { onUnproven: 'stale' })).toMatchObject({
    value: 0,
    tier: 'L1',
    unproven: true,
  });
  await expect(a.get('k', origin.load, { onUnproven: 'error' })).rejects.toMatchObject({ code: 'E_CACHE_UNPROVEN' });
  expect(await a.get('k', origin.load)).toMatchObject({ value: 1, tier: 'BYPASS', unproven: false });
  expect(a.status().counters.unproven).toBe(1);
});
