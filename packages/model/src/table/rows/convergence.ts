import {
  CRASHED,
  coarse,
  fine,
  GAP_PLAIN,
  JUMPED,
  MUTATE,
  OWN_SET,
  onB,
  PLAIN,
  type Row,
  rowsOf,
  TWO_MUTATES,
  TWO_SETS,
  UNDONE,
} from './row.ts';

/** At rest every tier holds what the origin holds, or nothing; and rest is always found again. */
export const CONVERGENCE: readonly Row[] = [
  ...rowsOf('convergence, mutate', { ...coarse, property: 'convergence', writers: MUTATE }, [
    ['lossy', 'L2R2'],
    ['lossy', 'L3'],
    ['eviction, expiry, crash', 'L2R2'],
    ['eviction, expiry, crash', 'L2'],
    ['restart losing a suffix', 'L2R2'],
    ['restart losing a suffix', 'L2'],
    ['FLUSHALL', 'L2R2'],
    ['FLUSHALL', 'L3'],
    ['failover, D = 0', 'L2R2'],
    ['failover, D = 1', 'L2R2'],
    ['A-B-A, promoted anew', 'L2R2'],
    ['undone, same identity', 'L2R2', UNDONE],
    ['undone, meta removed', 'L2R2'],
    ['A5 broken', 'L2R2'],
    ['A5 broken, evictions', 'L2R2'],
    ['time jumps, restart', 'L2R2'],
    ['time jumps, failover, D = 1', 'L2R2', JUMPED],
  ]),
  ...rowsOf('convergence, mutate, every step', { ...fine, property: 'convergence', writers: MUTATE }, [
    ['lossy', 'L2R2'],
    ['eviction, expiry, crash', 'L2R2'],
    ['FLUSHALL', 'L2R2'],
  ]),
  ...rowsOf('never stuck', { ...coarse, property: 'stuck', writers: PLAIN }, [
    ['FLUSHALL', 'L2R2'],
    ['failover, D = 0', 'L2R2'],
    ['flapping', 'L2R2'],
    ['undone, same identity', 'L2R2'],
  ]),
  ...rowsOf('convergence, plain', { ...coarse, property: 'convergence', writers: PLAIN }, [
    ['eviction, expiry, crash', 'L2R2', CRASHED],
  ]),
  ...rowsOf('convergence, two mutates', { ...coarse, property: 'convergence', writers: TWO_MUTATES }, [
    ['restart losing a suffix', 'L2R2'],
  ]),
  ...rowsOf('convergence, two reads at once', { ...coarse, property: 'convergence', writers: MUTATE, slots: 2 }, [
    ['eviction, expiry, crash', 'L2R2'],
    ['lossy', 'L2'],
  ]),
  ...rowsOf('convergence, entries of another key', { ...coarse, property: 'convergence', writers: GAP_PLAIN }, [
    ['lossy, page by page', 'L2R2'],
  ]),
  ...rowsOf('set, convergence', { ...coarse, property: 'convergence', writers: TWO_SETS }, [['lossy', 'L2']]),
  ...rowsOf('set, bounded', { ...coarse, property: 'bounded', writers: TWO_SETS }, [
    ['lossy', 'L2R2'],
    ['restart losing a suffix', 'L2R2'],
  ]),
  ...rowsOf('set, bounded, repair', { ...coarse, property: 'bounded', outbox: 'repair', writers: TWO_SETS }, [
    ['restart losing a suffix', 'L2R2'],
  ]),
  ...rowsOf('set, read-your-writes', { ...coarse, ...onB, property: 'read-your-writes', writers: OWN_SET }, [
    ['lossy', 'L2R2'],
  ]),
];
