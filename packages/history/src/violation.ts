import type { Level, Operation } from './operation.ts';

export type ViolationKind =
  /** A read returned what had been superseded for longer than the bound. */
  | 'stale'
  /** A strong read returned less than a write acknowledged before it began: the acknowledgement lied. */
  | 'stale-after-ack'
  /** A strong read returned less than a strong read that had ended before: two users disagree. */
  | 'new-old-inversion'
  /** A session's read returned less than that client's own acknowledged write. */
  | 'read-your-writes'
  /** A session's read returned less than that client had read before. */
  | 'monotonic-reads'
  /** A read returned a version before its write, or one below it, had begun. */
  | 'from-the-future'
  /** A version was seen that nobody can have written by then. */
  | 'unwritten'
  /** A write was acknowledged with a version that is newer than one whose write began only later. */
  | 'write-order'
  /** Two committed writes carry the same version: one of them has overwritten the other. */
  | 'same-version'
  /** A version was seen that the origin does not have at the end. */
  | 'lost'
  /** A version was seen that is older than the first of the history. */
  | 'before-first';

/** One broken promise, with the one or two operations that prove it. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly key: string;
  /** Of the read that was served wrongly; null where a write or the origin itself is at fault. */
  readonly level: Level | null;
  /** The operation at fault first, then the one that it contradicts. */
  readonly witness: readonly Operation[];
  readonly text: string;
}

/** A violation before it is put into words: words are made only for those that are kept. */
export interface Finding {
  readonly kind: ViolationKind;
  readonly key: string;
  /** Null where only the origin's own word for the key is at fault: the note then says all of it. */
  readonly operation: Operation | null;
  readonly against: Operation | null;
  /** What the two operations do not say by themselves. */
  readonly note: string;
}

export type Report = (finding: Finding) => void;

const WORDS: Record<ViolationKind, string> = {
  stale: 'is older than the bound allows, as there had been',
  'stale-after-ack': 'does not see an acknowledged write:',
  'new-old-inversion': 'goes back behind what another read had returned:',
  'read-your-writes': "does not see its client's own write:",
  'monotonic-reads': 'goes back behind what its client had read:',
  'from-the-future': 'returned what did not exist yet, as only later began',
  unwritten: 'saw what nobody can have written',
  'write-order': 'overtook a write that began only after its end:',
  'same-version': 'carries the version of another write:',
  lost: 'saw a version that the origin does not have at the end',
  'before-first': 'saw a version older than the first',
};

export function inWords({ kind, key, operation, against, note }: Finding): string {
  if (operation === null) return `${key}: ${note}`;
  const parts = [`${key}:`, describe(operation), WORDS[kind]];
  if (against !== null) parts.push(describe(against));
  return parts.join(' ') + (note === '' ? '' : ` (${note})`);
}

function describe({ kind, client, replica, tier, start, end, version, outcome }: Operation): string {
  const where = replica ? ` at ${replica}` : '';
  const from = tier ? ` from ${tier}` : '';
  const until = outcome === 'ok' ? formatMs(end) : 'unknown';
  return `the ${kind} of version ${version ?? '?'} by ${client}${where}${from} [${formatMs(start)} to ${until}]`;
}

// Made once: to make one costs more than to judge a short history.
const TENTHS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const COUNTS = new Intl.NumberFormat('en-US');

/** `1,234.5 ms` */
export function formatMs(ms: number): string {
  return `${TENTHS.format(ms)} ms`;
}

export function formatCount(count: number): string {
  return COUNTS.format(count);
}
