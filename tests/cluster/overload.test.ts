/**
 * Offered three times what it can carry, the cluster answers correctly what it answers, tells the others in time that
 * nothing was begun, and soon after is as it was; the origin never sees more loads than the bulkheads let through. Trust
 * that is lost in the midst of it comes back while the load goes on: nothing feeds on itself. How much is answered, and
 * how fast it is afterwards, is measured by `npm run bench -- overload`.
 *
 * What it can carry is measured in the same run, by clients that ask again as soon as they are answered. All the rest is
 * offered at a rate, whatever becomes of it, by clients that give up after a second. One machine plays every part. So that
 * it is the replicas that have too much to do, and not their clients, they have a core to themselves; these, nginx and the
 * servers, which would be other machines, have the rest. Most of the traffic are pages of a hundred products, none of which
 * L1 has room for.
 *
 * Controls: the same replicas without their door leave many without an answer; a wider bulkhead lets more through.
 */
import { type Cluster, type Status, startCluster } from '@lockstep/cluster';
import { afterEach, describe, expect, test } from 'vitest';
import { separate } from '../lib/affinity.ts';
import { total } from '../lib/internals.ts';
import { Offer, PATIENCE_MS, type PhaseSeen, type Seen } from '../lib/offer.ts';
import { OriginWatch } from '../lib/origin-watch.ts';
import { after, suspend } from '../lib/suspension.ts';
import { whileLocked } from '../lib/table-lock.ts';

const BOUND_MS = 1_000;
const REPLICAS = 2;
/** The bulkhead of each. */
const LOADS = 4;
const LOADS_WIDE = 64;
/** No room: every answer is decoded out of L2. With room: there is trust to lose. */
const NO_ROOM = 1;
const ROOM = 2_000;
/** Clients that ask again and again: enough to keep the replicas busy, few enough to be served. */
const BUSY = 48;
/** Connections that may be open for what is offered at a rate. */
const MANY = 4_000;
const FACTOR = 3;
/** Pages, as a part of the requests. */
const LISTS = 0.7;
const WARM_MS = 3_000;
const BEST_MS = 4_000;
const HALF_MS = 4_000;
const STORM_MS = 12_000;
const SETTLE_MS = 5_000;
const CONTROL_MS = 6_000;
/** When Redis is stopped in a storm, and for how long: trust has run out well before its end. */
const STOP_AFTER_MS = 2_000;
const STOPPED_MS = 2_500;
/** When nobody gets at the products from then on, and how long loads may go on to pile up once there are enough. */
const HELD_AFTER_MS = 1_500;
const HELD_MS = 250;
/** Of the products that were read in the last seconds of it. */
const LAST_MS = 3_000;

let cluster: Cluster | undefined;
let offer: Offer | undefined;

afterEach(async () => {
  await offer?.end();
  await cluster?.stop();
  offer = undefined;
  cluster = undefined;
});

interface Replicas {
  readonly loads?: number;
  readonly l1?: number;
  /** One replica without its door, past nginx, which would let only so many in. */
  readonly doorless?: boolean;
}

/** A warm cluster with its clients, and the rate that it can carry. */
async function start({ loads = LOADS, l1 = NO_ROOM, doorless = false }: Replicas = {}) {
  const running = await startCluster({
    replicas: doorless ? 1 : REPLICAS,
    stalenessMs: BOUND_MS,
    env: { LOG_LEVEL: 'error', CACHE_LOADS: String(loads), CACHE_L1_MAX_ENTRIES: String(l1) },
    ...(doorless ? { replicaCommand: ['tests/lib/doorless-replica.ts'] } : {}),
  });
  cluster = running;
  const status = await running.status();
  const [replica] = status.replicas;
  const clients = new Offer(Number(new URL((doorless && replica?.url) || running.url).port), 17, LISTS);
  offer = clients;
  const apart = status.replicas.flatMap(({ pid }) => pid ?? []);
  separate(apart);
  await clients.phase({ perSecond: null, ms: WARM_MS, connections: BUSY });
  // Once more, for what has begun meanwhile: Postgres has a process for each connection, in a session of its own.
  separate(apart);
  const best = await clients.phase({ perSecond: null, ms: BEST_MS, connections: BUSY });
  const rate = perSecond(best, BEST_MS);
  tell('best', best, BEST_MS);
  // Without the door everybody is let in: at least twice as many as can be answered while a client is patient, or a fast
  // machine would answer each of those for whom there is a connection just in time.
  const connections = doorless ? Math.max(MANY, Math.ceil((2 * rate * PATIENCE_MS) / 1_000)) : MANY;
  const at = async (part: number, ms: number, name: string) => {
    const seen = await clients.phase({ perSecond: part * rate, ms, connections });
    tell(name, seen, ms);
    return seen;
  };
  return { status, clients, rate, at };
}

const perSecond = ({ good }: Seen, ms: number) => (good * 1_000) / ms;

function tell(name: string, seen: PhaseSeen, ms: number): void {
  const rates = (['offered', 'good', 'shed', 'late', 'wrong', 'unsent'] as const).map(
    (what) => `${((seen[what] * 1_000) / ms).toFixed(0)} ${what}`,
  );
  console.log(
    `${name}: ${rates.join(', ')} per second; p50 ${seen.p50.toFixed(1)} ms, p99 ${seen.p99.toFixed(1)} ms; ` +
      `the clients used ${seen.cpu.toFixed(2)} of a core, and were up to ${seen.lag.toFixed(0)} ms late`,
  );
}

/** The part of the reads that the origin was not asked for, while this goes on. */
async function hitRatio<T>(status: Status, work: () => Promise<T>): Promise<{ seen: T; hits: number }> {
  const counted = async () => [await total(status, 'gets'), await total(status, 'loads', 'bypasses')] as const;
  const [gets, loads] = await counted();
  const seen = await work();
  const [getsAfter, loadsAfter] = await counted();
  return { seen, hits: 1 - (loadsAfter - loads) / (getsAfter - gets) };
}

/**
 * Three times the load, with Redis stopped for a while in the midst of it, so that every trust runs out. Before it comes
 * back the products are held at the origin until so many loads of one replica wait for them, and a little longer: else it
 * would be luck whether the bulkhead has to hold anybody back at all, and is looked at when it does.
 */
async function stormWithoutRedis({ status, at }: Awaited<ReturnType<typeof start>>, loads: number) {
  const pid = status.redis.pid ?? 0;
  const url = status.postgres.url ?? '';
  const watch = await OriginWatch.start(url);
  const holdOrigin = async () => {
    await after(HELD_AFTER_MS);
    await whileLocked(url, async () => {
      await expect.poll(() => watch.most).toBeGreaterThanOrEqual(loads);
      await after(HELD_MS);
    });
  };
  const storm = at(FACTOR, CONTROL_MS + STOP_AFTER_MS + STOPPED_MS, 'three times, Redis stopped for a while');
  await after(STOP_AFTER_MS);
  await Promise.all([suspend(pid, STOPPED_MS), holdOrigin()]);
  await after(CONTROL_MS - LAST_MS);
  const { hits } = await hitRatio(status, () => after(LAST_MS));
  await storm;
  return { hits, ...(await watch.end()) };
}

describe('at three times the load', () => {
  test('nobody is answered wrongly or left waiting, and half the load is as before within 5 s', async () => {
    const { status, clients, rate, at } = await start();
    const before = await hitRatio(status, () => at(1 / 2, HALF_MS, 'half, before'));
    const watch = await OriginWatch.start(status.postgres.url ?? '');
    const shedBefore = await total(status, 'shed');
    const storm = await at(FACTOR, STORM_MS, 'three times');
    const shed = (await total(status, 'shed')) - shedBefore;
    const { most, looks } = await watch.end();
    await at(1 / 2, SETTLE_MS, 'half, settling');
    const later = await hitRatio(status, () => at(1 / 2, HALF_MS, 'half, after'));
    const part = perSecond(storm, STORM_MS) / rate;
    console.log(
      `${(100 * part).toFixed(0)} % of the best rate; at most ${most} loads of a replica in ${looks} looks; ` +
        `hit ratio ${(100 * before.hits).toFixed(1)} % before, ${(100 * later.hits).toFixed(1)} % after`,
    );

    // All of it was offered: it is not the clients that were slow.
    expect(storm.offered).toBeGreaterThan((0.75 * FACTOR * rate * STORM_MS) / 1_000);
    expect(storm.unsent).toBeLessThan(storm.offered / 50);
    // Whoever is not served is told so, in time, and that nothing was begun.
    expect(storm.shed).toBeGreaterThan(storm.offered / 4);
    expect(storm.late).toBeLessThan(storm.offered / 10);
    expect(storm.wrongs).toEqual({});
    // Nobody asked another replica on behalf of one that was turned away.
    expect(shed).toBeLessThanOrEqual(storm.shed + storm.late);
    expect(most).toBeLessThanOrEqual(LOADS);
    expect(later.hits).toBeGreaterThan(before.hits - 0.03);
    expect(later.seen.good).toBeGreaterThan(0.99 * later.seen.offered);
    const verdict = await clients.judge(BOUND_MS);
    console.log(verdict.summary);
    expect(verdict.outcome).toBe('held');
  });

  test('control, without the door: many are left without an answer', async () => {
    const { at } = await start({ doorless: true });
    const storm = await at(FACTOR, CONTROL_MS, 'three times');
    // Of those that were sent. Who waits in vain has a connection, and when all of them wait nobody else can send: with 4,000
    // connections at most 4,000 a second, which on a fast machine is less than a fourth of what is due.
    expect(storm.late + storm.wrong).toBeGreaterThan((storm.offered - storm.unsent) / 4);
  });
});

describe('trust that is lost at three times the load', () => {
  test('comes back under it, and the bulkhead stands in between', async () => {
    const started = await start({ l1: ROOM });
    const { hits, most, looks } = await stormWithoutRedis(started, LOADS);
    console.log(`hit ratio ${(100 * hits).toFixed(1)} % afterwards; at most ${most} loads in ${looks} looks`);
    expect(most).toBe(LOADS);
    expect(hits).toBeGreaterThan(0.7);
    expect((await started.clients.judge(BOUND_MS)).outcome).toBe('held');
  });

  test('control, with a wide bulkhead: the origin sees more', async () => {
    const { most, looks } = await stormWithoutRedis(await start({ l1: ROOM, loads: LOADS_WIDE }), LOADS + 1);
    console.log(`at most ${most} loads in ${looks} looks`);
    expect(most).toBeGreaterThan(LOADS);
  });
});
