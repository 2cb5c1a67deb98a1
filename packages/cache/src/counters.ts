import type { Counters, Tier } from './cache.ts';

export function newCounters(): Counters {
  return {
    gets: 0,
    l1Hits: 0,
    l2Hits: 0,
    loads: 0,
    joins: 0,
    bypasses: 0,
    failures: 0,
    invalidationsApplied: 0,
    gaps: 0,
    flushes: 0,
    epochChanges: 0,
    beats: 0,
    beatFailures: 0,
    leaseWaits: 0,
    fillsRefused: 0,
    evictions: 0,
    writes: 0,
    writeFailures: 0,
    writesUnknown: 0,
    relayRounds: 0,
    relayFailures: 0,
    relayed: 0,
    unproven: 0,
    shed: 0,
  };
}

/** Counts an answered read where it belongs, so that `gets` stays the sum of its parts. */
export function countRead(counters: Counters, tier: Tier, joined: boolean): void {
  counters.gets++;
  if (joined) counters.joins++;
  else if (tier === 'L1') counters.l1Hits++;
  else if (tier === 'L2') counters.l2Hits++;
  else if (tier === 'ORIGIN') counters.loads++;
  else counters.bypasses++;
}
