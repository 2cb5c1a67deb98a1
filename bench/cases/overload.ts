import { startCluster } from '@lockstep/cluster';
import { separate } from '../../tests/lib/affinity.ts';
import { Offer, type PhaseSeen } from '../../tests/lib/offer.ts';
import { type Effort, FULL, refuseOthers } from '../lib/effort.ts';
import { type Row, rowOf } from '../lib/row.ts';

const GROUP = 'Three times the load for 30 s: pages of 100 products out of L2, 2 replicas on one core';
/** Of the requests; the rest are single products. */
const PAGES = 0.7;
/** No room: each page is decoded out of L2. */
const L1_ENTRIES = '1';
const REPLICAS = 2;
const SEED = 17;
/** Clients that ask again as soon as they are answered: enough to keep the replicas busy, few enough to be served. */
const BUSY = 48;
/** Connections that may be open for what is offered at a rate. */
const MANY = 6_000;
/** How long one of them waits for its answer, ms. */
const PATIENCE_MS = 1_000;
const FACTOR = 3;
const PROMISED = 0.7;
const WARM_MS = 5_000;
const BEST_MS = 8_000;
const STORM_MS = 30_000;
const SETTLE_MS = 5_000;
const HALF_MS = 8_000;
const ROUNDS_MOST = 3;
const BEST = 'clients that wait for their answers';
const STORM = 'three times as many requests, whatever becomes of them';
const BEFORE = 'half the load before, p50';
const AFTER = 'half the load from 5 s after, p50';

/**
 * What a cluster answers correctly and within a second when it is offered three times what it can, against what it can:
 * clients that wait, in the same round. The replicas share one core, and everything else, which would be other machines,
 * has the others: otherwise it would be the clients that have too much to do, as it still is with products out of L1, of which
 * one core of replicas answers as many as another core of clients and nginx can ask for.
 */
export async function overload(effort: Effort): Promise<Row[]> {
  const part = effort.roundMs / FULL.roundMs;
  const cluster = await startCluster({
    replicas: REPLICAS,
    env: { LOG_LEVEL: 'error', CACHE_L1_MAX_ENTRIES: L1_ENTRIES },
  });
  const offer = new Offer(Number(new URL(cluster.url).port), SEED, PAGES);
  try {
    const { replicas } = await cluster.status();
    separate(replicas.flatMap(({ pid }) => pid ?? []));
    const waiting = (ms: number) => offer.phase({ perSecond: null, ms, connections: BUSY });
    await waiting(WARM_MS * part);
    const offered = (perSecond: number, ms: number) => offer.phase({ perSecond, ms: ms * part, connections: MANY });
    const measured = new Map<string, number[]>([BEST, STORM, BEFORE, AFTER].map((name) => [name, []]));
    for (let round = 0; round < Math.min(effort.rounds, ROUNDS_MOST); round++) {
      const best = perSecond(await waiting(BEST_MS * part), BEST_MS * part);
      const before = await offered(best / 2, HALF_MS);
      const storm = await offered(FACTOR * best, STORM_MS);
      await offered(best / 2, SETTLE_MS);
      const after = await offered(best / 2, HALF_MS);
      for (const seen of [before, storm, after]) refuseWrong(seen, effort);
      const figures = [best, perSecond(storm, STORM_MS * part), middleOf(before), middleOf(after)];
      for (const [at, name] of [BEST, STORM, BEFORE, AFTER].entries()) measured.get(name)?.push(figures[at] ?? 0);
    }
    return [
      rowOf(GROUP, 'req/s', measured, BEST),
      rowOf(GROUP, 'req/s', measured, STORM, BEST, ['at least', PROMISED]),
      rowOf(GROUP, 'ms', measured, BEFORE),
      rowOf(GROUP, 'ms', measured, AFTER, BEFORE),
    ];
  } finally {
    await offer.end();
    await cluster.stop();
  }
}

function perSecond({ good }: PhaseSeen, ms: number): number {
  return Math.max(1, (good * 1_000) / ms);
}

/** Of a phase in which nobody was answered in time, as long as clients wait. */
function middleOf({ good, p50 }: PhaseSeen): number {
  return good > 0 ? p50 : PATIENCE_MS;
}

function refuseWrong({ wrongs, unsent, offered }: PhaseSeen, effort: Effort): void {
  if (Object.keys(wrongs).length > 0) throw new Error(`wrong answers under load: ${JSON.stringify(wrongs)}`);
  refuseOthers(effort, unsent, offered, offered / 50, 'requests were not offered: the clients were too slow');
}
