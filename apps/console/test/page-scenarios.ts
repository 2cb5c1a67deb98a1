import type { FaultKind, MemberState } from '../src/shared/state.ts';

/** The scenarios that the pretended cluster offers. */
export const SCENARIOS = [
  ['tour', 'The tour', 'A subscriber goes deaf, and the origin moves on.'],
  ['lost-message', 'Lost message', 'One invalidation vanishes on its way to one replica.'],
  ['late-fill', 'Late fill', 'A read that began before a write ends after it, and stores what it saw.'],
  ['redis-restart', 'Redis restart', 'Redis forgets its last second.'],
  ['stampede', 'Stampede', 'A hot key goes away under load.'],
];

/** What a member looks like under a fault. */
export const STATES: Partial<Record<FaultKind, MemberState>> = {
  kill: 'gone',
  pause: 'paused',
  'cut-command': 'parked',
};

/** Faults under which a replica hears nothing. */
export const DEAF: ReadonlySet<FaultKind> = new Set([
  'cut-bus',
  'blackhole-bus',
  'lose-messages',
  'cut-command',
  'pause',
]);

export const BOUND_MS = 1000;
export const CLUSTER = { url: 'http://localhost:8080', boundMs: BOUND_MS, backend: 'processes' } as const;

/** Of a member that says nothing. */
export const NOTHING = {
  trustAgeMs: null,
  l1: null,
  ratios: null,
  perSecond: null,
  epoch: null,
  applied: null,
  lagMs: null,
};
