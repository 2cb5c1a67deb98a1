import { Newer } from './newer.ts';
import { isAcknowledged, type Level, type Operation, type Seen } from './operation.ts';
import { formatMs, type Report } from './violation.ts';

/** How stale a read was, and by which write. */
export interface Staleness {
  readonly read: Seen;
  /** How long before the read began its version had been superseded by an acknowledged one; 0 where it had not. */
  readonly ms: number;
}

export interface ReadRules {
  readonly boundMs: number;
  readonly levelOf: (read: Operation) => Level;
}

/**
 * Judges the reads of one key by the promise of their level, and tells of each how stale it was.
 *
 * - bounded: not less than the newest version acknowledged before it began, less the bound
 * - session: bounded; and not less than what its own client had written or read before
 * - strong: not less than any acknowledged write or strong read before it. Together with what versions.ts checks, this
 *   is linearizability of the writes and the strong reads: sorted by version, writes before the reads that see them,
 *   they contradict no "ended before the other began", which is the definition.
 *
 * "Before" is strict: operations that touch at one instant are concurrent.
 */
export function judgeReads(operations: readonly Operation[], rules: ReadRules, report: Report): Staleness[] {
  const acknowledged = operations.filter(isAcknowledged);
  const reads = acknowledged.filter((operation) => operation.kind === 'read');
  const writes = new Newer(acknowledged.filter((operation) => operation.kind === 'write'));
  judgeSessions(acknowledged, rules, report);
  judgeStrong(reads, writes, rules, report);
  return reads.map((read) => {
    const against = writes.than(read.version);
    const ms = against === undefined ? 0 : Math.max(0, read.start - against.end);
    if (rules.levelOf(read) !== 'strong' && ms > rules.boundMs && against !== undefined) {
      const note = `${formatMs(ms)} before the read began, bound ${formatMs(rules.boundMs)}`;
      report({ kind: 'stale', key: read.key, operation: read, against, note });
    }
    return { read, ms };
  });
}

function judgeStrong(reads: readonly Seen[], writes: Newer, { levelOf }: ReadRules, report: Report): void {
  const strong = reads.filter((read) => levelOf(read) === 'strong');
  const others = new Newer(strong);
  for (const read of strong) {
    const write = writes.than(read.version);
    const other = others.than(read.version);
    // The write first: where both are to blame, the read that saw it was right.
    if (write !== undefined && write.end < read.start) {
      report({ kind: 'stale-after-ack', key: read.key, operation: read, against: write, note: '' });
    } else if (other !== undefined && other.end < read.start) {
      report({ kind: 'new-old-inversion', key: read.key, operation: read, against: other, note: '' });
    }
  }
}

function judgeSessions(acknowledged: readonly Seen[], { levelOf }: ReadRules, report: Report): void {
  const isSession = (operation: Operation) => operation.kind === 'read' && levelOf(operation) === 'session';
  for (const own of Map.groupBy(acknowledged, (operation) => operation.client).values()) {
    if (!own.some(isSession)) continue;
    const writes = new Newer(own.filter((operation) => operation.kind === 'write'));
    const reads = new Newer(own.filter((operation) => operation.kind === 'read'));
    for (const read of own.filter(isSession)) {
      const write = writes.than(read.version);
      if (write !== undefined && write.end < read.start) {
        report({ kind: 'read-your-writes', key: read.key, operation: read, against: write, note: '' });
      }
      const before = reads.than(read.version);
      if (before !== undefined && before.end < read.start) {
        report({ kind: 'monotonic-reads', key: read.key, operation: read, against: before, note: '' });
      }
    }
  }
}
