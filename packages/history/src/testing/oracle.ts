/**
 * The same questions answered the slow way, straight from their definitions: by trying every order of the operations
 * and every writer for every version, and by looking at every pair. For histories of a dozen operations on one key.
 */
import type { Operation, Seen } from '../operation.ts';

const isSeen = (operation: Operation): operation is Seen => operation.outcome === 'ok';
const counts = (operation: Operation): boolean =>
  isSeen(operation) || (operation.kind === 'write' && operation.outcome === 'unknown');

/**
 * Is there an order of the operations, each at one instant between its start and its end, that a counter explains? All
 * of them have to be in it but for the unknown writes of which the origin was not asked.
 */
export function isLinearizable(operations: readonly Operation[]): boolean {
  const candidates = operations.filter(counts);
  return versionsFromZero(candidates).some((initial) => explain(candidates, initial));
}

function explain(operations: readonly Operation[], initial: number): boolean {
  const ends = operations.map((operation) => (isSeen(operation) ? operation.end : Number.POSITIVE_INFINITY));
  const dead = new Set<number>();
  const place = (placed: number, version: number): boolean => {
    const open = [...operations.keys()].filter((i) => (placed & (1 << i)) === 0);
    if (open.every((i) => operations[i]?.version === null)) return true;
    if (dead.has(placed)) return false;
    const firstEnd = Math.min(...open.map((i) => ends[i] as number));
    for (const i of open) {
      const { kind, start, version: own } = operations[i] as Operation;
      if (start > firstEnd) continue;
      const after = kind === 'write' ? version + 1 : version;
      if (own !== null && own !== after) continue;
      if (place(placed | (1 << i), after)) return true;
    }
    dead.add(placed);
    return false;
  };
  return place(0, initial);
}

export interface Ends {
  readonly initial?: number | undefined;
  readonly final?: number | undefined;
}

/** Can every version have been written, by a write that began before anybody had seen the version or a newer one? */
export function isWritable(operations: readonly Operation[], { initial, final }: Ends): boolean {
  const candidates = operations.filter(counts);
  const firsts = initial === undefined ? versionsFromZero(candidates, final) : [initial];
  return firsts.some((first) => isWritableFrom(candidates, first, final));
}

function isWritableFrom(operations: readonly Operation[], first: number, final: number | undefined): boolean {
  const begun = new Map<number, number>();
  const free: number[] = [];
  for (const { kind, version, start } of operations) {
    if (version !== null && final !== undefined && version > final) return false;
    if (kind === 'read') {
      if ((version ?? first) < first) return false;
    } else if (version === null) free.push(start);
    else if (begun.has(version) || version <= first) return false;
    else begun.set(version, start);
  }
  const top = Math.max(first, final ?? 0, ...operations.map(({ version }) => version ?? 0));
  if (final !== undefined && final < first) return false;
  const inTime = () =>
    operations.filter(isSeen).every(({ version, end }) => {
      for (let v = first + 1; v <= version; v++) if ((begun.get(v) as number) > end) return false;
      return true;
    });
  const assign = (version: number): boolean => {
    if (version > top) return inTime();
    if (begun.has(version)) return assign(version + 1);
    return free.some((start, i) => {
      free.splice(i, 1);
      begun.set(version, start);
      const possible = assign(version + 1);
      begun.delete(version);
      free.splice(i, 0, start);
      return possible;
    });
  };
  return assign(first + 1);
}

function versionsFromZero(operations: readonly Operation[], final = 0): number[] {
  const top = Math.max(final, ...operations.map(({ version }) => version ?? 0));
  return Array.from({ length: top + 1 }, (_, version) => version);
}

/** For each read: by how much the worst of all newer acknowledged writes had ended before it began. */
export function stalenessOf(read: Operation, operations: readonly Operation[]): number {
  let worst = 0;
  for (const write of operations) {
    if (write.kind !== 'write' || !isSeen(write) || write.version <= (read.version ?? 0)) continue;
    worst = Math.max(worst, read.start - write.end);
  }
  return worst;
}

/** Had its own client acknowledged a newer write, or read a newer version, before the read began? */
export function goesBack(read: Operation, operations: readonly Operation[], kind: Operation['kind']): boolean {
  return operations.some(
    (own) =>
      isSeen(own) &&
      own.kind === kind &&
      own.client === read.client &&
      own.version > (read.version ?? 0) &&
      own.end < read.start,
  );
}
