/**
 * For what is counted and has nothing to do with the bound: beats and rounds of the relay as they are by default, and a
 * bound that is longer than any machine stalls. By the default of a second it depends on the machine what is counted:
 *   1: a replica, Redis or Postgres stands still for most of a second   2: no proof is younger than the bound, and L1 and L2
 *   may not answer   3: what they hold is read at the origin.
 */
export const LONG_BOUND = {
  stalenessMs: 20_000,
  env: { LOG_LEVEL: 'warn', CACHE_BEAT_MS: '250', CACHE_RELAY_MS: '100' },
} as const;
