import { HistoryError } from './errors.ts';

/** How new a read was asked to be; what each level promises is judged in reads.ts. */
export type Level = 'bounded' | 'session' | 'strong';

/**
 * `ok`: answered, with its version. `failed`: certainly not applied, whatever the reason. `unknown`: nobody answered,
 * so a write may have taken effect at any time after its start, or never. A time-out is never `failed`.
 */
export type Outcome = 'ok' | 'failed' | 'unknown';

/**
 * One operation on one key, as its client saw it. The origin numbers the writes of a key: each committed write makes
 * the version grow by exactly one, and a read returns the version of what it read.
 */
export interface Operation {
  /** One session: reads and writes whose order one user can see. */
  readonly client: string;
  readonly key: string;
  readonly kind: 'read' | 'write';
  /**
   * Ms of one monotonic clock for all operations. `start` is taken before the first byte is sent, `end` after the last
   * one is parsed: errors then widen the interval, which may hide a violation but never makes one up.
   */
  readonly start: number;
  /** Of an operation that is not `ok`: when its client gave up; it means nothing. */
  readonly end: number;
  /** Read or written. Null for what is not `ok`, save an unknown write of which the origin was asked afterwards. */
  readonly version: number | null;
  readonly outcome: Outcome;
  /** Of a read; a write has none. */
  readonly level?: Level | undefined;
  /** Who answered, and from which tier, where that is known: only for the words of a verdict. */
  readonly replica?: string | undefined;
  readonly tier?: string | undefined;
}

/** An operation that is known to have taken effect, as the checks see it. */
export interface Seen extends Operation {
  readonly version: number;
}

/** Problems named in one error; more are only counted. */
const PROBLEMS_NAMED = 10;

/** Throws `HistoryError` with what is wrong with the operations: a verdict over nonsense would be nonsense. */
export function checkOperations(operations: readonly Operation[]): void {
  const problems: string[] = [];
  for (const [index, operation] of operations.entries()) {
    const problem = problemOf(operation);
    if (problem !== undefined) problems.push(`operation ${index}: ${problem}`);
  }
  if (problems.length > 0) throw new HistoryError(problems.length, problems.slice(0, PROBLEMS_NAMED));
}

function problemOf({ kind, start, end, version, outcome, level }: Operation): string | undefined {
  if (!Number.isFinite(start) || !Number.isFinite(end) || end < start) {
    return `start ${start} and end ${end} must be finite ms, the end not before the start`;
  }
  if (version !== null && (!Number.isSafeInteger(version) || version < 0)) {
    return `version ${version} must be a whole number from 0, or null`;
  }
  if (kind === 'write' && version === 0)
    return 'version 0 is what was there before the first write; a write has 1 or more';
  if (outcome === 'ok' && version === null) return 'what is ok must have a version; without one it is unknown';
  if (outcome === 'failed' && version !== null) return 'what has failed cannot have a version';
  if (kind === 'read' && level === undefined) return 'a read must say at which level it was asked';
  return undefined;
}

/** A total order by content, so that nothing depends on the order in which operations were collected. */
export function inOrder(operations: readonly Operation[]): Operation[] {
  return operations.toSorted((a, b) => {
    return (
      a.start - b.start ||
      a.end - b.end ||
      compare(a.key, b.key) ||
      compare(a.client, b.client) ||
      compare(a.kind, b.kind) ||
      (a.version ?? -1) - (b.version ?? -1) ||
      compare(a.outcome, b.outcome) ||
      compare(a.level ?? '', b.level ?? '') ||
      compare(a.replica ?? '', b.replica ?? '') ||
      compare(a.tier ?? '', b.tier ?? '')
    );
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Acknowledged: it ended, and everything that begins later has to know of it. */
export function isAcknowledged(operation: Operation): operation is Seen {
  return operation.outcome === 'ok';
}

/** A write that has certainly been committed under its version, acknowledged or found at the origin afterwards. */
export function isCommitted(operation: Operation): operation is Seen {
  return operation.kind === 'write' && operation.version !== null;
}
