import { merge, type Token } from '@lockstep/cache/core/token';
import { applying, reading } from '../cores.ts';
import { type Ablation, always, MUTATE, NARROW, type Own, WIDE } from './scopes.ts';

/** A session whose token may be forgotten once it is old enough. */
const FORGETTING = {
  ...NARROW,
  property: 'read-your-writes',
  session: ['B'],
  forgets: true,
  writers: [{ kind: 'p', on: 'A', session: true }],
} as const;

/** Clients' tokens. */
export const TOKENS: readonly Ablation[] = [
  {
    without: 'a clock read after an uncached load [3]',
    scope: {
      ...WIDE,
      property: 'monotonic',
      session: ['A', 'B'],
      writers: MUTATE,
      without: reading({ loaded: notClocked }),
    },
    within: 16,
  },
  {
    without: 'tokens that only a successor replaces [7, M4]',
    scope: {
      ...NARROW,
      property: 'read-your-writes',
      session: ['B'],
      writers: [{ kind: 'm', on: 'A', session: true }],
      faults: { failover: 'primary' },
      without: { merge: (_client, ...given) => merge([], ...given) },
    },
    within: 20,
  },
  {
    without: 'a token that stays foreign until an epoch covers both that it has seen [C9]',
    scope: {
      ...NARROW,
      property: 'read-your-writes',
      session: ['B'],
      writers: [{ kind: 'p', on: 'A', session: true }],
      faults: { failover: 'primary', failBack: 'promoted' },
      without: { merge: healedByItsOwn },
    },
    within: 24,
  },
  {
    without: 'going to the origin with a foreign token',
    scope: {
      ...NARROW,
      property: 'read-your-writes',
      session: ['B'],
      writers: [{ kind: 'm', on: 'A', session: true }],
      faults: { failover: 'primary' },
      without: applying({ knows: always, follows: always }),
    },
    within: 20,
  },
  {
    without: 'keeping a token for Q beyond S [C8]',
    scope: {
      ...FORGETTING,
      faults: { failover: 'primary' },
      without: { driver: { tokenKeptForQ: true } },
    },
    within: 20,
  },
  {
    without: 'points of a token that are forgotten each at its own age [C10]',
    scope: {
      ...FORGETTING,
      faults: { failover: 'primary', failBack: 'promoted' },
      without: { driver: { pointsAgeApart: true } },
    },
    within: 20,
  },
  {
    without: 'stamps that make what they cover young again [C11]',
    scope: {
      ...FORGETTING,
      property: 'monotonic',
      writers: MUTATE,
      without: { merge: asOldAsBefore },
    },
    within: 20,
  },
];

/** A clock of an epoch that the client has seen covers whatever else it has seen. */
function healedByItsOwn(...[token, stamp, ...given]: Parameters<typeof merge>): Token {
  const own = token.filter(({ epoch }) => epoch === stamp.epoch);
  return merge(own.length > 0 ? own : token, stamp, ...given);
}

/** What is seen again is as old as when it was seen first. */
function asOldAsBefore(...[token, stamp, now, past]: Parameters<typeof merge>): Token {
  const merged = merge(token, stamp, now, past);
  const covered = token.filter((part) => !merged.includes(part));
  const issuedAt = Math.min(now, ...covered.map((part) => part.issuedAt));
  return merged.map((part) => (token.includes(part) ? part : { ...part, issuedAt }));
}

function notClocked(this: { held: unknown; passBy(epoch: string, clock: number): unknown } & Own): unknown {
  if (this.held !== null) return { do: 'fill', lease: this.held };
  return this.passBy(this.partition.epoch ?? '', 0);
}
