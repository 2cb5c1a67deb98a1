import type { Partition } from '@lockstep/cache/core/partition';
import { applying, reading } from '../cores.ts';
import { type Ablation, always, MUTATE, NARROW, PLAIN, STRONG, WIDE } from './scopes.ts';

/** What may be joined, accepted and stored. */
export const READING: readonly Ablation[] = [
  {
    without: 'refusing to join uncached loads and tainted reads [1]',
    scope: {
      ...NARROW,
      property: 'read-your-writes',
      session: ['B'],
      writers: [{ kind: 'm', on: 'A', session: true }],
      without: reading({ joinable: always }),
    },
    within: 14,
  },
  {
    without: 'the same, for bounded reads [2]',
    scope: { ...NARROW, property: 'bounded', writers: MUTATE, without: reading({ joinable: always }) },
    within: 14,
  },
  {
    without: 'authority of a connection, for a plain GET [6]',
    scope: {
      ...NARROW,
      property: 'bounded',
      writers: PLAIN,
      faults: { failover: 'deposed' },
      without: applying({ authorityAt: (now: number) => now }),
    },
    within: 14,
  },
  {
    without: 'its end with the connection [M7]',
    scope: {
      ...NARROW,
      property: 'bounded',
      writers: PLAIN,
      faults: { failover: 'dead' },
      without: applying({ closed: authorityKept }),
    },
    within: 16,
  },
  {
    without: 'the writing script, for strong reads',
    scope: {
      ...NARROW,
      property: 'strong',
      writers: MUTATE,
      faults: { failover: 'deposed' },
      without: reading({ look: byGet }),
    },
    within: 22,
  },
  {
    without: 'scripts that a deposed primary refuses [6]',
    scope: { ...STRONG, writers: MUTATE, faults: { failover: 'deposed' }, without: { redis: { writingReads: true } } },
    within: 16,
  },
  {
    without: 'the epoch of a value',
    scope: { ...STRONG, writers: MUTATE, faults: { failover: 'dead' }, without: { redis: { valueEpoch: true } } },
    within: 18,
  },
  {
    without: 'the token of a lease',
    scope: {
      ...WIDE,
      property: 'convergence',
      writers: PLAIN,
      faults: { evict: true },
      without: { redis: { leaseToken: true } },
    },
    within: 12,
  },
  {
    without: 'the epoch of its lease in FILL [M9]',
    scope: {
      ...NARROW,
      property: 'convergence',
      writers: MUTATE,
      faults: { failover: 'dead' },
      without: { driver: { epochOfLease: true }, redis: { leaseEpoch: true } },
    },
    within: 16,
  },
];

function authorityKept(this: Partition): void {
  const { contact } = this as unknown as { contact: { connection: number; authority: { connection: number } | null } };
  contact.connection++;
  if (contact.authority !== null) contact.authority = { ...contact.authority, connection: contact.connection };
}

function byGet() {
  return { do: 'get' };
}
