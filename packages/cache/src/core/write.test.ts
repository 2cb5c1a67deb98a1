/** MARK, commit, UNMARK: what starts a commit, what ends a write, and what is repeated. */
import { beforeEach, describe, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import { RESTARTS } from './limits.ts';
import { Partition } from './partition.ts';
import type { EpochReply, Unreachable } from './replies.ts';
import { Write } from './write.ts';

const gone: Unreachable = { is: 'unreachable', error: new Error('gone') };
const ok = (clock: number, lost = 0, waiting = 0, quarantineMs = 0) =>
  ({ is: 'ok', clock, lost, waiting, quarantineMs }) as const;
const PLAIN = {
  writer: 'w',
  markMs: 3_000,
  commitLimitMs: 2_000,
  writes: 'bounded',
  leaseMs: 0,
  onUnreachable: 'fail',
} as const;
let partition: Partition;
let write: Write;

beforeEach(() => {
  partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(10) });
  partition.offered(partition.sending(0), epoch('e1', 10));
  write = new Write(partition, { ...PLAIN, keys: ['k'], tags: ['t'] });
});

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: [], since: 0, now: 0 };
}

const sent = (at = 0) => partition.sending(at);

test('the way of a write: its own entries are applied, and its stamp is the clock that UNMARK told', () => {
  expect(write.start(0)).toEqual({ do: 'mark', durationMs: 3_000 });
  expect(write.marked(sent(), ok(11), 5)).toEqual({ do: 'commit' });
  expect(partition.applied).toBe(11);
  write.tag(['t', 'new']);
  expect(write.committed()).toEqual({ do: 'unmark', tags: ['t', 'new'] });
  expect(write.unmarked(sent(), ok(12), 0)).toMatchObject({ do: 'acknowledge', stamp: { epoch: 'e1', clock: 12 } });
  expect(partition.applied).toBe(12);
});

test('the deadline counts from the sending of MARK, and a commit starts only while it is covered [10]', () => {
  expect(write.marked(sent(100), ok(11), 1_100)).toEqual({ do: 'commit' });
  expect([write.deadline, write.covers(1_100), write.covers(1_101)]).toEqual([3_100, true, false]);
  expect(write.marked(sent(100), ok(11), 1_101)).toEqual({ do: 'unmark', tags: [] });
  expect(write.unmarked(sent(), ok(11), 0)).toMatchObject({ do: 'refuse' });
});

test('without an answer to MARK nothing is committed, nor with a mark that is too long', () => {
  expect(write.marked(sent(), gone, 0)).toEqual({ do: 'refuse', error: gone.error });
  expect(write.marked(sent(), { is: 'tooLong', clock: 10, longestMs: 5 }, 0)).toMatchObject({ do: 'refuse' });
});

test('in another epoch the keys are marked again, a few times', () => {
  for (let i = 0; i < RESTARTS; i++) {
    expect(write.marked(sent(), epoch(`new${i}`, 3), 0)).toEqual({ do: 'mark', durationMs: 3_000 });
  }
  expect(partition.epoch).toBe(`new${RESTARTS - 1}`);
  expect(write.marked(sent(), epoch('last', 3), 0)).toMatchObject({ do: 'refuse' });
});

test('an epoch that changes after the commit: UNMARK again, which invalidates there', () => {
  write.marked(sent(), ok(11), 0);
  expect(write.unmarked(sent(), epoch('e2', 3), 0)).toEqual({ do: 'unmark', tags: ['t'] });
  expect(write.unmarked(sent(), ok(4, 1), 0)).toMatchObject({ do: 'acknowledge', stamp: { epoch: 'e2', clock: 4 } });
  expect(partition.applied).toBe(4);
});

test('an UNMARK that moved no clock moves `applied` no further, one that had lost the mark does', () => {
  const plain = new Write(partition, { ...PLAIN, keys: ['k'] });
  plain.marked(sent(), ok(11), 0);
  plain.unmarked(sent(), ok(12), 0);
  expect(partition.applied).toBe(11);
  plain.unmarked(sent(), ok(12, 1), 0);
  expect(partition.applied).toBe(12);
});

test('an UNMARK without an answer is repeated, unless nothing was committed', () => {
  write.marked(sent(), ok(11), 0);
  expect(write.unmarked(sent(), gone, 0)).toEqual({ do: 'repeat', error: gone.error });
  const error = new Error('rolled back');
  expect(write.aborted(error)).toEqual({ do: 'unmark', tags: [] });
  expect(write.unmarked(sent(), gone, 0)).toEqual({ do: 'refuse', error });
});

test('tags alone have nothing to mark', () => {
  const tagged = new Write(partition, { ...PLAIN, keys: [], tags: ['t'] });
  expect(tagged.start(0)).toEqual({ do: 'commit' });
  expect(tagged.covers(1_000)).toBe(true);
  expect(tagged.covers(1_001)).toBe(false);
});

test('with the outbox a write of which Redis cannot be told is committed all the same', () => {
  const write = new Write(partition, { ...PLAIN, keys: ['k'], onUnreachable: 'outbox' });
  write.start(0);
  expect(write.marked(sent(), gone, 5)).toEqual({ do: 'commit' });
  expect(write.committed()).toEqual({ do: 'unmark', tags: [] });
  expect(write.unmarked(sent(), gone, 6)).toEqual({ do: 'repeat', error: gone.error });
});

describe('linearizable', () => {
  const LEASE_MS = 1_010;
  beforeEach(() => {
    write = new Write(partition, { ...PLAIN, keys: ['k'], writes: 'linearizable', leaseMs: LEASE_MS, markMs: 4_010 });
    write.start(0);
  });

  test('waits until nobody is left who has not shown the mark', () => {
    expect(write.marked(sent(), ok(11, 0, 2), 5)).toEqual({ do: 'acks', clock: 11 });
    const acks = { is: 'acks', clock: 15, quarantineMs: 0 } as const;
    expect(write.acked(sent(), { ...acks, waiting: 1 }, 8)).toEqual({ do: 'acks', clock: 11 });
    expect(write.acked(sent(), { ...acks, waiting: 0 }, 9)).toEqual({ do: 'commit' });
  });

  test('or until whoever says nothing cannot be trusted any more, counted from the answer to MARK', () => {
    write.marked(sent(), ok(11, 0, 2), 5);
    expect(write.acked(sent(), gone, 4 + LEASE_MS)).toEqual({ do: 'acks', clock: 11 });
    expect(write.acked(sent(), gone, 5 + LEASE_MS)).toEqual({ do: 'commit' });
  });

  test('nobody to wait for: the commit begins at once', () => {
    expect(write.marked(sent(), ok(11), 5)).toEqual({ do: 'commit' });
  });

  test('in a young epoch the wait is whole, whoever is listed', () => {
    expect(write.marked(sent(), ok(11, 0, 0, 800), 5)).toEqual({ do: 'pause', until: 5 + LEASE_MS });
    expect(write.paused(500)).toEqual({ do: 'pause', until: 5 + LEASE_MS });
    expect(write.paused(5 + LEASE_MS)).toEqual({ do: 'commit' });
  });

  test('an epoch that changes during the wait makes it whole', () => {
    write.marked(sent(), ok(11, 0, 2), 5);
    expect(write.acked(sent(), epoch('e2', 3), 20)).toEqual({ do: 'pause', until: 5 + LEASE_MS });
    expect(partition.epoch).toBe('e2');
    expect(write.paused(5 + LEASE_MS)).toEqual({ do: 'commit' });
  });

  test('an UNMARK that found its mark lost waits again before the answer', () => {
    write.marked(sent(), ok(11), 5);
    write.committed();
    expect(write.unmarked(sent(), ok(12, 1, 1), 100)).toEqual({ do: 'acks', clock: 12 });
    const acks = { is: 'acks', clock: 12, waiting: 0, quarantineMs: 0 } as const;
    expect(write.acked(sent(), acks, 110)).toMatchObject({ do: 'acknowledge', stamp: { epoch: 'e1', clock: 12 } });
  });

  test('in another epoch than MARK that wait is whole', () => {
    write.marked(sent(), ok(11), 5);
    write.committed();
    write.unmarked(sent(), epoch('e2', 3), 50);
    expect(write.unmarked(sent(), ok(4, 1), 100)).toEqual({ do: 'pause', until: 100 + LEASE_MS });
    expect(write.paused(100 + LEASE_MS)).toMatchObject({ do: 'acknowledge', stamp: { epoch: 'e2' } });
  });

  test('a wait that leaves too little of the mark refuses the write', () => {
    const tight = new Write(partition, { ...PLAIN, keys: ['k'], writes: 'linearizable', leaseMs: LEASE_MS });
    tight.start(0);
    tight.marked(sent(), ok(11, 0, 1), 5);
    expect(tight.acked(sent(), gone, 1_016)).toEqual({ do: 'unmark', tags: [] });
    expect(tight.unmarked(sent(), ok(11), 1_020)).toMatchObject({ do: 'refuse' });
  });
});
