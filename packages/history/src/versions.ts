import { Begun, Newer } from './newer.ts';
import { isAcknowledged, isCommitted, type Operation, type Seen } from './operation.ts';
import type { Report } from './violation.ts';

export interface KeyFacts {
  readonly key: string;
  /** The version before the first operation; absent: the lowest that fits. */
  readonly initial: number | undefined;
  /** The version at the origin after the last one, when nothing was in flight any more; absent: not asked. */
  readonly final: number | undefined;
}

/**
 * Judges whether one origin that counts the committed writes of one key can have given out these versions at all: the
 * part of every level that no cache can be excused from, and the one that finds lost writes.
 *
 * An unknown write without a version may have become any version that nobody else wrote, at any time after its start,
 * or none; the history is accepted if there is any way to say which.
 */
export function judgeVersions(operations: readonly Operation[], facts: KeyFacts, report: Report): void {
  const acknowledged = operations.filter(isAcknowledged);
  const committed = operations.filter(isCommitted);
  judgeEnds(operations, facts, report);
  judgeSameVersion(committed, report);
  const begun = new Begun(committed);
  for (const operation of acknowledged) {
    // A write has itself begun before it ended, so what is found is always another one.
    const against = begun.upTo(operation.version);
    if (against !== undefined && operation.end < against.start) {
      const kind = operation.kind === 'write' ? 'write-order' : 'from-the-future';
      report({ kind, key: facts.key, operation, against, note: '' });
    }
  }
  const first = facts.initial ?? lowest(acknowledged, committed, facts.final);
  judgeUnwritten(operations, first, facts, report);
}

/** The first version, where nobody has told: the lowest that was read, or just below the lowest that was written. */
function lowest(acknowledged: readonly Seen[], committed: readonly Seen[], final: number | undefined): number {
  let first = final ?? Number.POSITIVE_INFINITY;
  for (const { kind, version } of acknowledged) if (kind === 'read') first = Math.min(first, version);
  for (const { version } of committed) first = Math.min(first, version - 1);
  return first;
}

function judgeEnds(operations: readonly Operation[], { key, initial, final }: KeyFacts, report: Report): void {
  if (initial !== undefined && final !== undefined && final < initial) {
    const note = `the origin began with version ${initial} and ended with ${final}`;
    report({ kind: 'lost', key, operation: null, against: null, note });
  }
  for (const operation of operations) {
    const { version, kind } = operation;
    if (version === null || !(isAcknowledged(operation) || isCommitted(operation))) continue;
    if (initial !== undefined && (kind === 'write' ? version <= initial : version < initial)) {
      report({ kind: 'before-first', key, operation, against: null, note: `which is ${initial}` });
    }
    if (final !== undefined && version > final) {
      report({ kind: 'lost', key, operation, against: null, note: `it has ${final}` });
    }
  }
}

function judgeSameVersion(committed: readonly Seen[], report: Report): void {
  const writers = new Map<number, Seen>();
  for (const write of committed) {
    const other = writers.get(write.version);
    if (other === undefined) writers.set(write.version, write);
    else report({ kind: 'same-version', key: write.key, operation: write, against: other, note: '' });
  }
}

/**
 * Finds versions that nobody can have written. Versions without a known write, between the first and the newest that
 * was seen, must each be one of the unknown writes, and one that began before the first operation that saw the version,
 * or a newer one, had ended.
 *
 * Those deadlines do not fall as versions rise, so giving the earliest unknown write to the lowest version is the best
 * that can be done: if that leaves a version without a writer, every other way does. Versions without a trace of their
 * own are taken as runs, so that one absurd version costs no more than a likely one.
 */
function judgeUnwritten(
  operations: readonly Operation[],
  first: number,
  { key, final }: KeyFacts,
  report: Report,
): void {
  const acknowledged = operations.filter(isAcknowledged);
  const seen = new Newer(acknowledged);
  const known = new Set(operations.filter(isCommitted).map(({ version }) => version));
  const starts = operations
    .filter(({ kind, outcome, version }) => kind === 'write' && outcome === 'unknown' && version === null)
    .map(({ start }) => start)
    .sort((a, b) => a - b);
  const points = new Set([...known, ...acknowledged.map(({ version }) => version)]);
  if (final !== undefined) points.add(final);
  let next = 0;
  let below = first;
  for (const point of [...points].sort((a, b) => a - b)) {
    if (point <= below) continue;
    let missing = point - below - (known.has(point) ? 1 : 0);
    const witness = seen.than(point - 1);
    const deadline = witness?.end ?? Number.POSITIVE_INFINITY;
    while (missing > 0 && (starts[next] ?? Number.POSITIVE_INFINITY) <= deadline && next < starts.length) {
      missing--;
      next++;
    }
    if (missing > 0) {
      const note = `of versions ${below + 1} to ${point}, ${missing} without a write that had begun by then`;
      report({ kind: 'unwritten', key, operation: witness ?? null, against: null, note });
    }
    below = point;
  }
}
