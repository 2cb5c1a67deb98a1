import type { Sent } from '@lockstep/cache/core/replies';
import { inherited, reading } from '../cores.ts';
import { type Ablation, NARROW, type Own } from './scopes.ts';

/** Tags: when they are invalidated, and who may decide what that means for a value. */
export const TAGS: readonly Ablation[] = [
  {
    without: 'refusing to join across the invalidation of a tag [M1]',
    scope: {
      ...NARROW,
      property: 'bounded',
      tagged: true,
      writers: [{ kind: 't', on: 'A' }],
      without: reading({ joinable: joinedAcrossTags }),
    },
    within: 11,
  },
  {
    without: 'tags invalidated after the commit [M2]',
    scope: {
      ...NARROW,
      property: 'convergence',
      tagged: true,
      writers: [{ kind: 'T', on: 'A' }],
      without: { redis: { tagsAfterCommit: 'mark' } },
    },
    within: 11,
  },
  {
    without: 'an f from before the load',
    scope: {
      ...NARROW,
      property: 'convergence',
      tagged: true,
      writers: [{ kind: 't', on: 'A' }],
      without: { driver: { clockOfLease: true } },
    },
    within: 10,
  },
  {
    without: 'the floor of swept tags',
    scope: {
      ...NARROW,
      property: 'convergence',
      tagged: true,
      writers: [{ kind: 't', on: 'A' }],
      faults: { sweep: true },
      without: { redis: { floor: true } },
    },
    within: 10,
  },
  {
    without: '`known` of the own tag map [C1, C2]',
    scope: {
      ...NARROW,
      property: 'bounded',
      tagged: true,
      writers: [{ kind: 't', on: 'A' }],
      faults: { trim: true },
      without: reading({ decides: decidedUnknown }),
    },
    within: 14,
  },
  {
    without: 'a whole beat before the own tag map decides [C4]',
    scope: {
      ...NARROW,
      property: 'bounded',
      tagged: true,
      writers: [
        { kind: 'n', on: 'A' },
        { kind: 't', on: 'A' },
      ],
      faults: { page: true },
      without: reading({ decides: decidedEarly, accept: acceptedAsAuthority }),
    },
    within: 16,
  },
  {
    without: 'the token of a session before the own tag map decides [C3]',
    scope: {
      ...NARROW,
      property: 'read-your-writes',
      tagged: true,
      session: ['B'],
      writers: [{ kind: 't', on: 'A', session: true }],
      without: reading({ decides: decidedForAll, look: notCaughtUp }),
    },
    within: 16,
  },
];

function joinedAcrossTags(this: { uncached: boolean; taintedAt: number; generation: number } & Own): boolean {
  return !this.uncached && this.taintedAt === 0 && this.generation === this.partition.generation;
}

function decidedUnknown(this: Own, _f: number, now: number): boolean {
  return now - this.partition.proofs.confirmedAt <= 1e6;
}

function decidedEarly(this: Own, f: number): boolean {
  return this.partition.tags.covers(f);
}

function acceptedAsAuthority(this: Own, stored: object, sent: Sent): unknown {
  return inherited(this, 'accept', stored, sent, sent.at);
}

function decidedForAll(this: Own, f: number, now: number): boolean {
  return now - this.partition.proofs.confirmedAt <= 1e6 && this.partition.tags.covers(f);
}

function notCaughtUp(this: Own): unknown {
  return { do: this.partition.authorityAt(0) === undefined ? 'read' : 'get' };
}
