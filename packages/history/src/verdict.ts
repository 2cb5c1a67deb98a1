import { checkOperations, inOrder, isAcknowledged, type Level, type Operation, type Seen } from './operation.ts';
import { judgeReads } from './reads.ts';
import { judgeVersions } from './versions.ts';
import { type Finding, formatCount, formatMs, inWords, type Violation, type ViolationKind } from './violation.ts';

export interface JudgeOptions {
  /** S: how stale a bounded or session read may be, ms. */
  readonly boundMs: number;
  /** Judge every read as if it had been asked at this level: for controls, and for asking what did hold. */
  readonly level?: Level | undefined;
  /** The version of a key before the history: one for all, or by key. Absent: the lowest that fits. */
  readonly initial?: number | ReadonlyMap<string, number> | undefined;
  /** What the origin said after the history, with nothing in flight any more. Keys it does not name are not checked. */
  readonly final?: ReadonlyMap<string, number> | undefined;
}

export interface LevelVerdict {
  readonly reads: number;
  /** Reads that began after a write of their key was acknowledged: the others could not be stale. */
  readonly atRisk: number;
  /** Reads that returned what an acknowledged write had superseded. */
  readonly stale: number;
  readonly worstStalenessMs: number;
  readonly violations: number;
}

export interface Verdict {
  /** `not exercised`: no read began after an acknowledged write, so nothing could have been wrong. */
  readonly outcome: 'held' | 'violated' | 'not exercised';
  readonly keys: number;
  /** Answered. */
  readonly reads: number;
  readonly writes: number;
  readonly failed: { readonly reads: number; readonly writes: number };
  readonly unknown: { readonly reads: number; readonly writes: number };
  readonly levels: Readonly<Record<Level, LevelVerdict>>;
  readonly boundMs: number;
  readonly worstStalenessMs: number;
  /** The read that was; null where none was stale. */
  readonly stalest: Operation | null;
  readonly violationCount: number;
  readonly violationsByKind: Readonly<Partial<Record<ViolationKind, number>>>;
  /** The first `VIOLATIONS_KEPT` by time. */
  readonly violations: readonly Violation[];
  /** One line for people. */
  readonly summary: string;
}

/** Violations that are put into words; the others are counted. One bad entry may spoil thousands of reads. */
export const VIOLATIONS_KEPT = 100;

const LEVELS: readonly Level[] = ['bounded', 'session', 'strong'];

/**
 * Judges a history, exactly: it finds a violation if and only if there is one. O(n log n) in time and O(n) in space;
 * the order of the operations does not matter. Throws `HistoryError` if they are malformed.
 */
export function judge(operations: readonly Operation[], options: JudgeOptions): Verdict {
  checkOperations(operations);
  const ordered = inOrder(operations);
  const levelOf = (read: Operation): Level => options.level ?? read.level ?? 'bounded';
  const tallies = Object.fromEntries(LEVELS.map((level) => [level, newTally()])) as Record<Level, Tally>;
  const findings: Finding[] = [];
  const report = (finding: Finding) => findings.push(finding);
  const byKey = Map.groupBy(ordered, ({ key }) => key);
  for (const key of options.final?.keys() ?? []) if (!byKey.has(key)) byKey.set(key, []);
  let stalest: { read: Seen; ms: number } | null = null;
  for (const [key, ofKey] of byKey) {
    const initial = typeof options.initial === 'object' ? options.initial.get(key) : options.initial;
    judgeVersions(ofKey, { key, initial, final: options.final?.get(key) }, report);
    const firstAck = firstAcknowledged(ofKey);
    for (const { read, ms } of judgeReads(ofKey, { boundMs: options.boundMs, levelOf }, report)) {
      const tally = tallies[levelOf(read)];
      tally.reads++;
      if (firstAck < read.start) tally.atRisk++;
      if (ms > 0) tally.stale++;
      tally.worstStalenessMs = Math.max(tally.worstStalenessMs, ms);
      if (ms > (stalest?.ms ?? 0)) stalest = { read, ms };
    }
  }
  for (const { operation } of findings) if (operation?.kind === 'read') tallies[levelOf(operation)].violations++;
  return conclude(ordered, options, tallies, findings, stalest, byKey.size, levelOf);
}

function conclude(
  ordered: readonly Operation[],
  options: JudgeOptions,
  levels: Record<Level, Tally>,
  findings: Finding[],
  stalest: { read: Seen; ms: number } | null,
  keys: number,
  levelOf: (read: Operation) => Level,
): Verdict {
  const count = (kind: Operation['kind'], outcome: Operation['outcome']) =>
    ordered.reduce((sum, operation) => sum + (operation.kind === kind && operation.outcome === outcome ? 1 : 0), 0);
  const violationsByKind: Partial<Record<ViolationKind, number>> = {};
  for (const { kind } of findings) violationsByKind[kind] = (violationsByKind[kind] ?? 0) + 1;
  // Stable: findings of one instant stay in the order of keys and checks, which the order of the input does not change.
  findings.sort((a, b) => (a.operation?.start ?? Infinity) - (b.operation?.start ?? Infinity) || 0);
  const atRisk = LEVELS.reduce((sum, level) => sum + levels[level].atRisk, 0);
  const verdict = {
    outcome: findings.length > 0 ? 'violated' : atRisk === 0 ? 'not exercised' : 'held',
    keys,
    reads: count('read', 'ok'),
    writes: count('write', 'ok'),
    failed: { reads: count('read', 'failed'), writes: count('write', 'failed') },
    unknown: { reads: count('read', 'unknown'), writes: count('write', 'unknown') },
    levels,
    boundMs: options.boundMs,
    worstStalenessMs: stalest?.ms ?? 0,
    stalest: stalest?.read ?? null,
    violationCount: findings.length,
    violationsByKind,
    violations: findings.slice(0, VIOLATIONS_KEPT).map((finding) => violationOf(finding, levelOf)),
  } as const;
  return { ...verdict, summary: summarize(verdict) };
}

function violationOf(finding: Finding, levelOf: (read: Operation) => Level): Violation {
  const { kind, key, operation, against } = finding;
  return {
    kind,
    key,
    level: operation?.kind === 'read' ? levelOf(operation) : null,
    witness: [operation, against].filter((one) => one !== null),
    text: inWords(finding),
  };
}

/** `41,203 reads, worst staleness 3.1 ms, bound 1,000 ms, 0 violations` */
function summarize(verdict: Omit<Verdict, 'summary'>): string {
  const { reads, worstStalenessMs, boundMs, violationCount, unknown, outcome } = verdict;
  const parts = [
    plural(reads, 'read'),
    `worst staleness ${formatMs(worstStalenessMs)}`,
    `bound ${formatMs(boundMs)}`,
    plural(violationCount, 'violation'),
  ];
  const unknowns = unknown.reads + unknown.writes;
  if (unknowns > 0) parts.push(`${formatCount(unknowns)} unknown`);
  if (outcome === 'not exercised') parts.push('not exercised: no read began after an acknowledged write');
  return parts.join(', ');
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

interface Tally {
  reads: number;
  atRisk: number;
  stale: number;
  worstStalenessMs: number;
  violations: number;
}

function newTally(): Tally {
  return { reads: 0, atRisk: 0, stale: 0, worstStalenessMs: 0, violations: 0 };
}

function firstAcknowledged(operations: readonly Operation[]): number {
  let first = Number.POSITIVE_INFINITY;
  for (const operation of operations) {
    if (operation.kind === 'write' && isAcknowledged(operation)) first = Math.min(first, operation.end);
  }
  return first;
}
