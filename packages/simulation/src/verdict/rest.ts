import type { CacheStatus } from '@lockstep/cache';
import { acceptable } from '@lockstep/model/redis';
import { DRIFT_MOST } from '../time/local-time.ts';
import type { Cluster } from '../world/cluster.ts';
import type { Finding } from './finding.ts';

/** Between two looks at whether everything is at rest, virtual ms. */
const LOOK_MS = 50;

/**
 * Lets a healed cluster go on until everything is at rest, or should be. What is at rest stays so: nothing is on its way, and
 * what timers of caches do then brings nothing new. `whole`: all the time that is granted, as that might be wrong.
 */
export async function settle(cluster: Cluster, whole: boolean): Promise<void> {
  const { agenda, plan } = cluster;
  const until = plan.quietAt + plan.settleMs;
  if (whole) return agenda.run(until);
  while (agenda.now < until && !isAtRest(cluster)) await agenda.run(Math.min(until, agenda.now + LOOK_MS));
}

function isAtRest(cluster: Cluster): boolean {
  const { agenda, plan, redis, replicas, sessions } = cluster;
  if (agenda.underway || sessions.some(({ busy }) => busy)) return false;
  const repairs = plan.setup.outbox && plan.setup.afterLoss === 'repair';
  for (const { meta, marks } of redis.primary.sim.partitions.values()) {
    if (marks.size > 0) return false;
    if (repairs && meta !== null && meta.previous !== null && meta.blessed === null) return false;
  }
  const sinceMs = (agenda.now - plan.quietAt) * (1 - DRIFT_MOST);
  if (!replicas.every(({ cache }) => cache !== null && isProved(cache.status(), sinceMs))) return false;
  return unsettled(cluster).length === 0;
}

/** By a beat since then, so of the Redis that is there now, and not in its quarantine. */
function isProved({ trust, partitions }: CacheStatus, sinceMs: number): boolean {
  return trust.ageMs !== null && trust.ageMs < sinceMs && partitions.every(({ quarantineMs }) => quarantineMs === 0);
}

/** What has not come to rest although nothing fails any more: every tier has to hold the origin's version, or nothing. */
export function unsettled(cluster: Cluster): Finding[] {
  const found: Finding[] = [];
  const say = (kind: string, text: string) => found.push({ kind, text, witness: [] });
  for (const session of cluster.sessions)
    if (session.busy) say('stuck', `an operation of ${session.name} has not ended`);
  for (const { name, cache } of cluster.replicas) {
    if (cache === null) {
      say('stuck', `${name} is down`);
      continue;
    }
    const { state, counters } = cache.status();
    if (state !== 'ready') say('untrusted', `the L1 of ${name} is ${state}, long after the last fault`);
    const { gets, l1Hits, l2Hits, loads, joins, bypasses, failures } = counters;
    if (gets !== l1Hits + l2Hits + loads + joins + bypasses + failures)
      say('counters', `those of ${name} do not add up`);
    for (const [key, versions] of cluster.origin.versions) {
      if (cluster.orphans.has(key)) continue;
      const held = cache.hit<number>(key);
      if (held !== undefined && held.value !== versions.length) {
        say('divergence', `the L1 of ${name} keeps ${key} ${held.value}, the origin has ${versions.length}`);
      }
    }
  }
  const { sim } = cluster.redis.primary;
  for (const [name, state] of sim.partitions) {
    for (const [key, held] of state.keys) {
      if (!acceptable(sim, state, held) || cluster.orphans.has(key)) continue;
      const version = cluster.origin.version(key);
      if (version > 0 && JSON.parse(held.payload) !== version) {
        say('divergence', `L2 keeps ${key} ${held.payload} in partition ${name}, the origin has ${version}`);
      }
    }
  }
  return found;
}
