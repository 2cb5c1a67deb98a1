import type { Faults, Scope } from '../../world/scope.ts';

/** One cell of the table: a property, what may go wrong, and how much of a cluster there is. */
export interface Row {
  readonly name: string;
  readonly scope: Scope;
  /** Why it is not promised; it is shown not to hold. */
  readonly notPromised?: string | undefined;
}

/** How much of a cluster: which replicas have an L1 and beat, and which of them read; A writes in any case. */
const SIZES = {
  L3: { l1: ['A', 'B'], readers: ['A', 'B'] },
  L2: { l1: ['B'], readers: ['A', 'B'] },
  L2R2: { l1: ['B'], readers: ['B'] },
} as const;

export type Size = keyof typeof SIZES;

/** What may go wrong. Messages of the bus are lost, late and out of order in every row. */
const FAULTS = {
  lossy: { trim: true },
  'lossy, page by page': { trim: true, page: true },
  'lossy, sweep': { trim: true, sweep: true },
  'lossy, rows removed': { trim: true, rowRemovals: 1 },
  'restart losing a suffix, rows removed': { trim: true, rowRemovals: 1, failover: 'dead' },
  'lossy, connections close': { trim: true, drop: true },
  'eviction, expiry, crash': { trim: true, evict: true, markExpiry: true, crash: true },
  'eviction, expiry, crash, sweep': { trim: true, evict: true, markExpiry: true, crash: true, sweep: true },
  'restart losing a suffix': { trim: true, failover: 'dead' },
  'restart into nothing, crash': { failover: 'dead', replicated: 'nothing', crash: true },
  'restart, A5 broken': { failover: 'dead', brokenA5: true },
  FLUSHALL: { trim: true, flush: 1 },
  'failover, D = 0': { trim: true, failover: 'deposed' },
  'failover, D = 1': { trim: true, failover: 'primary' },
  'A-B-A, promoted anew': { trim: true, failover: 'deposed', failBack: 'promoted' },
  'A-B-A, promoted anew, D = 1': { failover: 'primary', failBack: 'promoted' },
  'A-B-A into nothing': { failover: 'deposed', failBack: 'promoted', replicated: 'nothing' },
  'undone, same identity': { failover: 'deposed', failBack: 'undone' },
  'undone, meta removed': { failover: 'deposed', failBack: 'cleared' },
  flapping: { failover: 'primary', failBack: 'promoted', flaps: 1 },
  'A5 broken': { brokenA5: true },
  'A5 broken, evictions': { trim: true, evict: true, brokenA5: true },
  'time jumps, restart': { trim: true, jumps: true, failover: 'dead' },
  'time jumps, failover, D = 1': { jumps: true, failover: 'primary' },
} as const satisfies Record<string, Faults>;

export type FaultName = keyof typeof FAULTS;

type Base = Omit<Scope, 'l1' | 'readers' | 'faults'>;

const A = { on: 'A' } as const;
export const MUTATE = [{ kind: 'm', ...A }] as const;
export const TWO_MUTATES = [...MUTATE, { kind: 'm', on: 'B' }] as const;
export const OWN_MUTATE = [{ kind: 'm', ...A, session: true }] as const;
export const OWN_PLAIN = [{ kind: 'p', ...A, session: true }] as const;
export const PLAIN = [{ kind: 'p', ...A }] as const;
export const LEFT = [{ kind: 'o', ...A }] as const;
export const PSQL = [{ kind: 'q', ...A }] as const;
export const TAG = [{ kind: 't', ...A }] as const;
export const TAG_MUTATE = [{ kind: 'T', ...A }] as const;
export const TWO_PLAINS = [...PLAIN, { kind: 'p', on: 'B' }] as const;
export const GAP_PLAIN = [{ kind: 'n', ...A }, ...PLAIN] as const;
export const GAP_MUTATE = [{ kind: 'N', ...A }, ...MUTATE] as const;
export const OWN_GAP = [{ kind: 'n', ...A }, ...OWN_PLAIN] as const;
export const GAPS = [{ kind: 'n', ...A }, ...TAG] as const;
export const TWO_SETS = [
  { kind: 's', ...A },
  { kind: 's', on: 'B' },
] as const;
export const OWN_SET = [{ kind: 's', ...A, session: true }] as const;
export const OWN_TAG = [{ kind: 't', ...A, session: true }] as const;

/** The rows of one property: which faults, in which sizes, and why it is not promised, if it is not. */
export function rowsOf(
  name: string,
  base: Base,
  cells: readonly (readonly [FaultName, Size, Row['notPromised']?])[],
): Row[] {
  return cells.map(([fault, size, notPromised]) => ({
    name: `${name} | ${fault} | ${size}`,
    scope: { ...base, ...SIZES[size], faults: FAULTS[fault] },
    notPromised,
  }));
}

/** Why some rows are not promised; the sections are those of docs/PROTOCOL.md. */
export const UNDONE =
  'a failover that is undone leaves the identity of the old history as it was: excluded by A2 (`meta` is removed first)';
export const SPLIT =
  'a deposed primary still accepts writes (D > 0), and who reads there hears nothing of the new one: needs D = 0';
export const BROKEN_A5 = 'a commit that takes effect after the deadline of its mark: excluded by A5';
export const JUMPED =
  'a jump of Redis time ends the quarantine while a deposed primary still accepts writes: excluded by A3';
export const UNMARKED = 'invalidated after its commit, without marks before it: strong needs mutate';
export const CRASHED = 'a writer that dies between its commit and INVALIDATE: excluded by A4, or covered by the outbox';

export const coarse = { grain: 'coarse' } as const;
export const fine = { grain: 'fine' } as const;
export const onB = { session: ['B'] } as const;
export const onBoth = { session: ['A', 'B'] } as const;
