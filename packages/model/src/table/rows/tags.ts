import { coarse, GAPS, OWN_TAG, onB, PSQL, type Row, rowsOf, TAG, TAG_MUTATE } from './row.ts';

/** What is invalidated by tag. */
export const TAGS: readonly Row[] = [
  ...rowsOf('bounded, tags', { ...coarse, property: 'bounded', tagged: true, writers: TAG }, [
    ['lossy', 'L2R2'],
    ['lossy', 'L3'],
    ['restart losing a suffix', 'L2R2'],
    ['FLUSHALL', 'L2R2'],
    ['failover, D = 0', 'L2R2'],
    ['failover, D = 1', 'L2R2'],
    ['A-B-A, promoted anew', 'L2R2'],
  ]),
  ...rowsOf(
    'read-your-writes, tags',
    { ...coarse, ...onB, property: 'read-your-writes', tagged: true, writers: OWN_TAG },
    [
      ['lossy', 'L2R2'],
      ['restart losing a suffix', 'L2R2'],
      ['failover, D = 0', 'L2R2'],
    ],
  ),
  ...rowsOf('convergence, tags', { ...coarse, property: 'convergence', tagged: true, writers: TAG_MUTATE }, [
    ['lossy', 'L2R2'],
    ['restart losing a suffix', 'L2R2'],
    ['failover, D = 1', 'L2R2'],
  ]),
  ...rowsOf('bounded, tags, all evictions', { ...coarse, property: 'bounded', tagged: true, writers: TAG }, [
    ['eviction, expiry, crash, sweep', 'L2'],
    ['lossy, sweep', 'L3'],
  ]),
  ...rowsOf('bounded, tags, entries of another key', { ...coarse, property: 'bounded', tagged: true, writers: GAPS }, [
    ['lossy, page by page', 'L2R2'],
  ]),
  ...rowsOf('proved, tags', { ...coarse, property: 'proved', outbox: 'relay', tagged: true, writers: PSQL }, [
    ['restart losing a suffix', 'L2R2'],
  ]),
];
