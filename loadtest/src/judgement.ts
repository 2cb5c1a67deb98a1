import { judge, type Operation, type Verdict, type ViolationKind } from '@lockstep/history';
import type { Notes } from '../lib/notes.ts';

/** What is broken, in the names of the sessions' counters, by the judge of the whole history. */
type Judged =
  | 'beyond_bound'
  | 'lost_write'
  | 'read_your_writes'
  | 'monotonic_reads'
  | 'not_linearizable'
  | 'impossible';

const NAMES: Readonly<Record<ViolationKind, Judged>> = {
  stale: 'beyond_bound',
  lost: 'lost_write',
  'same-version': 'lost_write',
  'write-order': 'lost_write',
  'read-your-writes': 'read_your_writes',
  'monotonic-reads': 'monotonic_reads',
  'stale-after-ack': 'not_linearizable',
  'new-old-inversion': 'not_linearizable',
  'from-the-future': 'impossible',
  unwritten: 'impossible',
  'before-first': 'impossible',
};

export interface Judgement {
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<Judged, number>>;
  /** Why this history does not hold, or proves nothing; empty when it holds. */
  readonly reasons: readonly string[];
}

/** Judges what all sessions of a run have noted, as one history. */
export function judgeNotes(notes: Notes, boundMs: number): Judgement {
  const { initial, final, unreadable } = notes;
  const verdict = judge(sinceFirst(notes.operations), { boundMs, initial, final });
  const counts = Object.fromEntries(Object.values(NAMES).map((name) => [name, 0])) as Record<Judged, number>;
  for (const [kind, count] of Object.entries(verdict.violationsByKind)) counts[NAMES[kind as ViolationKind]] += count;
  const broken = Object.entries(counts).filter(([, count]) => count > 0);
  const silent = [...initial.keys()].filter((key) => !final.has(key)).length;
  return {
    verdict,
    counts,
    reasons: [
      ...broken.map(([name, count]) => `${name}: ${count} by the judge of the history, 0 are allowed`),
      ...(verdict.outcome === 'not exercised' ? ['nothing was proved: no read began after an acknowledged write'] : []),
      ...(initial.size === 0 ? ['nothing was proved: the run has created no products'] : []),
      ...(silent > 0 ? [`of ${silent} products the origin could not be asked at the end, so writes may be lost`] : []),
      ...(unreadable > 0 ? [`${unreadable} lines of the notes cannot be read, so the history is not whole`] : []),
    ],
  };
}

/** Counted from the first operation: in a witness, ms since 1970 are nothing for people. */
function sinceFirst(operations: readonly Operation[]): Operation[] {
  const first = operations.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY);
  return operations.map((operation) => ({ ...operation, start: operation.start - first, end: operation.end - first }));
}
