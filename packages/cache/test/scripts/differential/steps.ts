import fc from 'fast-check';

/** A minute. Times are compared in minutes, so that both servers agree on them however long a run takes. */
export const MINUTE_MS = 60_000;
export const MARK_MS = 10 * MINUTE_MS;
export const BEYOND_MS = 2 * MINUTE_MS;
export const L2_TTL_MS = 2 * MINUTE_MS;
export const LOAD_LIMIT_MS = 3 * MINUTE_MS;
export const LEASE_MS = 5 * MINUTE_MS;
export const ROW_AGE_MS = 20 * MINUTE_MS;
/** So small that short runs trim and page. */
export const JOURNAL = 4;
export const PAGE = 2;

export const KEYS = ['k', 'l"é'] as const;
/** More than one beat sweeps. */
const TAGS = Array.from({ length: 18 }, (_, i) => `t${i}`);
/** Beats between two sweeps of rows. */
const ROWS_EVERY = 16;
const WRITERS = ['v', 'w'] as const;
const TOKENS = ['a', 'b'] as const;

/** In the place of a key: that for which the call's token was last granted. */
export const LEASED = 'leased';

/** One call of a script by one of two clients, or one fault, the same on both servers. */
export type Step = Call | Fault;

export type Call = {
  /** Which client. A client that does not `adopt` the epoch that it is told goes on in its own. */
  readonly by: 0 | 1;
  readonly adopt: boolean;
} & (
  | { readonly do: 'get' | 'read'; readonly key: string }
  | { readonly do: 'lease' | 'release'; readonly key: string; readonly token: string }
  | {
      readonly do: 'fill';
      readonly key: string;
      readonly token: string;
      readonly tags: readonly string[];
      readonly ttlMs: number;
    }
  | { readonly do: 'clock' | 'probe' }
  | {
      readonly do: 'invalidate';
      readonly keys: readonly string[];
      readonly tags: readonly string[];
      readonly under: Under;
    }
  | { readonly do: 'mark'; readonly keys: readonly string[]; readonly writer: string; readonly durationMs: number }
  | {
      readonly do: 'unmark';
      readonly keys: readonly string[];
      readonly writer: string;
      readonly tags: readonly string[];
    }
  | { readonly do: 'acks'; readonly behind: number }
  | { readonly do: 'set'; readonly key: string; readonly tags: readonly string[]; readonly ttlMs: number }
  | { readonly do: 'beat'; readonly behind: number; readonly times: number }
  | { readonly do: 'prove'; readonly behind: number; readonly under: Under }
  | { readonly do: 'bless'; readonly which: 'previous' | number; readonly under: Under }
  | { readonly do: 'renew'; readonly offered: 'present' | number }
);

/** The client's own epoch, the other client's, or the present one. */
type Under = 'own' | 'other' | 'present';

export type Fault =
  | { readonly do: 'evict'; readonly key: string }
  | { readonly do: 'ageRow'; readonly by: 0 | 1 }
  | { readonly do: 'promote' | 'flushAll' | 'evictMeta' | 'trimJournal' | 'endQuarantine' | 'ageTags' };

const key = fc.constantFrom(...KEYS);
const leased = fc.constantFrom(...KEYS, LEASED, LEASED, LEASED, LEASED);
const keys = fc.constantFrom<readonly string[]>(['k'], ['l"é'], ['k', 'l"é'], ['k', 'k']);
const someTags = fc.constantFrom<readonly string[]>([], [], ['t0'], ['t1'], ['t0', 't1']);
const manyTags = fc.oneof({ weight: 8, arbitrary: someTags }, { weight: 1, arbitrary: fc.constant(TAGS) });
const token = fc.constantFrom(...TOKENS);
const writer = fc.constantFrom(...WRITERS);
const under = fc.constantFrom<Under>('own', 'own', 'other', 'present');
const behind = fc.constantFrom(0, 0, 1, 2, 5, -1);
const ttlMs = fc.constantFrom(MINUTE_MS, L2_TTL_MS, 4 * MINUTE_MS);
/** Long, short, due at once, and longer than the longest. */
const durationMs = fc.constantFrom(MARK_MS, MARK_MS, MARK_MS, MARK_MS / 2, -MINUTE_MS, MARK_MS + MINUTE_MS);
const epoch = fc.nat({ max: 20 });
const client = { by: fc.constantFrom<0 | 1>(0, 1), adopt: fc.constantFrom(true, true, true, true, false) };

function call(weight: number, name: Call['do'], fields: object = {}) {
  const arbitrary = fc.record({ do: fc.constant(name), ...client, ...fields }) as unknown as fc.Arbitrary<Step>;
  return { weight, arbitrary };
}

function fault(weight: number, name: Fault['do'], fields: object = {}) {
  return { weight, arbitrary: fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Step> };
}

/** The first thing that most runs need: an epoch of which the quarantine is over. */
export const BEGINNING: readonly Step[] = [
  { do: 'clock', by: 0, adopt: true },
  { do: 'clock', by: 1, adopt: true },
  { do: 'endQuarantine' },
];

const single = fc
  .oneof(
    call(4, 'get', { key }),
    call(8, 'read', { key }),
    call(12, 'lease', { key, token }),
    call(14, 'fill', { key: leased, token, tags: someTags, ttlMs }),
    call(6, 'release', { key: fc.constantFrom(...KEYS, LEASED), token }),
    call(3, 'clock'),
    call(8, 'invalidate', { keys, tags: manyTags, under }),
    call(10, 'mark', { keys, writer, durationMs }),
    call(10, 'unmark', { keys, writer, tags: someTags }),
    call(4, 'acks', { behind }),
    call(5, 'set', { key, tags: someTags, ttlMs }),
    call(10, 'beat', { behind, times: fc.constantFrom(1, 1, 1, 2) }),
    call(4, 'probe'),
    call(3, 'prove', { behind, under }),
    call(6, 'bless', {
      which: fc.oneof({ weight: 3, arbitrary: fc.constant('previous') }, { weight: 1, arbitrary: epoch }),
      under,
    }),
    call(3, 'renew', { offered: fc.oneof(fc.constant('present'), epoch) }),
    fault(4, 'evict', { key }),
    fault(3, 'ageRow', { by: client.by }),
    fault(3, 'promote'),
    fault(1, 'flushAll'),
    fault(1, 'evictMeta'),
    fault(1, 'trimJournal'),
    fault(12, 'endQuarantine'),
    fault(4, 'ageTags'),
  )
  .map((step): Step[] => [step]);

/** A value in the cache, which single steps rarely leave there. */
const load = fc.record({ ...client, key, token, tags: someTags, ttlMs }).map(({ tags, ttlMs, ...common }): Step[] => [
  { ...common, do: 'lease' },
  { ...common, do: 'fill', tags, ttlMs },
]);

/** A write that nothing comes between. */
const write = fc.record({ ...client, keys, writer, tags: someTags }).map(({ tags, ...common }): Step[] => [
  { ...common, do: 'mark', durationMs: MARK_MS },
  { ...common, do: 'unmark', tags },
]);

/** A replica that died long ago, and as many beats of the other one as sweep its row. */
const death = fc.record({ by: client.by, behind }).map(({ by, behind }): Step[] => [
  { do: 'beat', by, adopt: true, behind, times: 1 },
  { do: 'ageRow', by },
  { do: 'beat', by: by === 0 ? 1 : 0, adopt: true, behind, times: ROWS_EVERY },
]);

/** A value with a tag, under a floor that another tag left behind. */
const sweep = fc
  .record({ ...client, key, token })
  .map((common): Step[] => [
    { ...common, do: 'lease' },
    { ...common, do: 'fill', tags: ['t0'], ttlMs: L2_TTL_MS },
    { ...common, do: 'invalidate', keys: [], tags: ['t1'], under: 'own' },
    { do: 'ageTags' },
    { ...common, do: 'beat', behind: 0, times: 1 },
    { ...common, do: 'read' },
  ]);

export const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 48, arbitrary: single },
      { weight: 8, arbitrary: load },
      { weight: 4, arbitrary: write },
      { weight: 1, arbitrary: death },
      { weight: 1, arbitrary: sweep },
    ),
    {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    },
  )
  .map((bursts) => bursts.flat());
