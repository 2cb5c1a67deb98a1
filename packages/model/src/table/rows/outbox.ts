import { coarse, fine, LEFT, MUTATE, PLAIN, PSQL, type Row, rowsOf, TAG_MUTATE } from './row.ts';

/** What is proved about the origin, and what repair may keep. */
export const OUTBOX: readonly Row[] = [
  ...rowsOf('proved, psql', { ...coarse, property: 'proved', outbox: 'relay', writers: PSQL }, [
    ['lossy', 'L2R2'],
    ['lossy', 'L3'],
    ['restart losing a suffix', 'L2R2'],
    ['FLUSHALL', 'L2R2'],
    ['failover, D = 0', 'L2R2'],
    ['failover, D = 1', 'L2R2'],
    ['A-B-A, promoted anew', 'L2R2'],
    ['undone, same identity', 'L2R2'],
  ]),
  ...rowsOf('proved, mutate', { ...coarse, property: 'proved', outbox: 'relay', ownMarks: true, writers: MUTATE }, [
    ['eviction, expiry, crash', 'L2R2'],
    ['restart into nothing, crash', 'L2R2'],
  ]),
  ...rowsOf('proved, psql, every step', { ...fine, property: 'proved', outbox: 'relay', writers: PSQL }, [
    ['lossy', 'L2R2'],
  ]),
  ...rowsOf(
    'proved, mutate that goes on without Redis',
    { ...coarse, property: 'proved', outbox: 'relay', writers: LEFT },
    [['restart losing a suffix', 'L2R2']],
  ),
  ...rowsOf(
    'convergence, mutate that goes on without Redis',
    { ...coarse, property: 'convergence', outbox: 'relay', writers: LEFT },
    [
      ['restart losing a suffix', 'L2R2'],
      ['failover, D = 0', 'L2R2'],
    ],
  ),
  ...rowsOf('convergence, plain, relay', { ...coarse, property: 'convergence', outbox: 'relay', writers: PLAIN }, [
    ['eviction, expiry, crash', 'L2R2'],
    ['failover, D = 1', 'L2R2'],
    ['undone, meta removed', 'L2R2'],
  ]),
  ...rowsOf('proved, psql, repair', { ...coarse, property: 'proved', outbox: 'repair', writers: PSQL }, [
    ['restart losing a suffix', 'L2R2'],
  ]),
  ...rowsOf('convergence, psql, repair', { ...coarse, property: 'convergence', outbox: 'repair', writers: PSQL }, [
    ['restart losing a suffix', 'L2R2'],
    ['restart losing a suffix', 'L2'],
  ]),
  ...rowsOf('strong, repair', { ...coarse, property: 'strong', outbox: 'repair', writers: MUTATE }, [
    ['restart losing a suffix', 'L2R2'],
  ]),
  ...rowsOf(
    'convergence, repair, own marks',
    { ...coarse, property: 'convergence', outbox: 'repair', ownMarks: true, writers: MUTATE },
    [
      ['restart losing a suffix', 'L2R2'],
      ['restart, A5 broken', 'L2R2'],
    ],
  ),
  ...rowsOf(
    'convergence, repair, own marks, purge',
    { ...coarse, property: 'convergence', outbox: 'repair', ownMarks: true, purges: true, writers: MUTATE },
    [['restart losing a suffix', 'L2R2']],
  ),
  ...rowsOf(
    'convergence, repair, tags',
    { ...coarse, property: 'convergence', outbox: 'repair', ownMarks: true, tagged: true, writers: TAG_MUTATE },
    [['restart losing a suffix', 'L2R2']],
  ),
];
