import { evict } from '@lockstep/model/redis';
import type { Fault } from '../plan/plan.ts';
import type { Cluster } from './cluster.ts';
import type { Replica } from './replica.ts';

/** How long a subscription is half-open before its owner's ping finds out, ms. */
const PING_MS = 1_500;

/** Does it now, and undoes later what ends by itself. */
export function perform(fault: Fault, cluster: Cluster): void {
  const { redis, origin, plan, trace } = cluster;
  trace?.note('fault', describe(fault));
  switch (fault.do) {
    case 'persist':
      redis.persist();
      return;
    case 'flush':
      redis.flushAll();
      return;
    case 'replicate':
      redis.replicate();
      return;
    case 'lose meta':
    case 'trim journal':
    case 'sweep tag':
      redis.lose(fault.do);
      return;
    case 'rejoin':
      redis.rejoin();
      return;
    case 'undo':
      redis.undo(plan.setup.partitions);
      for (const replica of cluster.replicas) cluster.move(replica);
      return;
    case 'restart':
      redis.restart(fault.ms, fault.data);
      return;
    case 'failover':
    case 'fail back':
      if (fault.do === 'failover') redis.failOver(fault.acceptsMs);
      else redis.failBack(fault.acceptsMs);
      for (const replica of cluster.replicas) {
        later(cluster, fault.movesMs[replica.index] ?? 0, () => cluster.move(replica));
      }
      return;
    case 'stall':
      redis.stall(fault.ms);
      return;
    case 'evict':
      evict(redis.primary.sim, fault.key, cluster.partitionOf(fault.key));
      return;
    case 'slow origin':
      origin.slow = fault.factor;
      later(cluster, fault.ms, () => {
        origin.slow = 1;
      });
      return;
    case 'slow commits':
      origin.slowCommits = fault.factor;
      later(cluster, fault.ms, () => {
        origin.slowCommits = 1;
      });
      return;
    case 'failing origin':
      origin.failing = true;
      later(cluster, fault.ms, () => {
        origin.failing = false;
      });
      return;
    case 'lossy bus':
      for (const { network } of cluster.replicas) network.busLoss = fault.probability;
      later(cluster, fault.ms, () => {
        for (const { network } of cluster.replicas) network.busLoss = 0;
      });
      return;
    default:
      performOn(fault, cluster, cluster.replicas[fault.replica] as Replica);
  }
}

function performOn(fault: Extract<Fault, { replica: number }>, cluster: Cluster, replica: Replica): void {
  const { network, ports } = replica;
  switch (fault.do) {
    case 'cut':
      ports?.connection?.cut();
      return;
    case 'cut bus':
      ports?.subscription?.cut();
      return;
    case 'hole':
      network[`${fault.lost}Lost`] = true;
      later(cluster, fault.ms, () => {
        network[`${fault.lost}Lost`] = false;
      });
      if (fault.lost === 'bus') later(cluster, Math.min(PING_MS, fault.ms), () => ports?.subscription?.cut());
      return;
    case 'slow bus':
      network.busLagMs = fault.lagMs;
      later(cluster, fault.ms, () => {
        network.busLagMs = 0;
      });
      return;
    case 'slow link':
      network.slow(fault.factor);
      later(cluster, fault.ms, () => network.slow(1));
      return;
    case 'pause':
      replica.pause();
      later(cluster, fault.ms, () => replica.resume(fault.first));
      return;
    case 'empty':
      replica.cache?.flushL1();
      return;
    case 'crash':
      cluster.crash(replica, fault.ms);
      return;
    case 'replace':
      replace(cluster, replica);
  }
}

/** A rolling restart: the cache is closed, and the new process starts when it is. */
function replace(cluster: Cluster, replica: Replica): void {
  const { cache, life, paused } = replica;
  if (cache === null || paused) return;
  cluster.agenda.loud();
  void cache.close().then(() => {
    if (replica.life === life) cluster.crash(replica, 1);
  });
}

function later({ agenda }: Cluster, ms: number, run: () => void): void {
  agenda.at(agenda.now + ms, run);
}

export function describe({ at, ...failure }: Fault): string {
  const { do: what, ...details } = failure;
  const words = Object.entries(details).map(([name, value]) => `${name} ${value}`);
  return [what, ...words].join(', ');
}
