/** MARK, commit, UNMARK: what starts a commit, what ends a write, and what is repeated. */
import { beforeEach, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import { RESTARTS } from './limits.ts';
import { Partition } from './partition.ts';
import type { EpochReply, Unreachable } from './replies.ts';
import { Write } from './write.ts';

const gone: Unreachable = { is: 'unreachable', error: new Error('gone') };
const ok = (clock: number, lost = 0) => ({ is: 'ok', clock, lost }) as const;
let partition: Partition;
let write: Write;

beforeEach(() => {
  partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(10) });
  partition.offered(partition.sending(0), epoch('e1', 10));
  write = new Write(partition, { keys: ['k'], tags: ['t'], writer: 'w', markMs: 3_000, commitLimitMs: 2_000 });
});

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: [], since: 0, now: 0 };
}

const sent = (at = 0) => partition.sending(at);

test('the way of a write: its own entries are applied, and its stamp is the clock that UNMARK told', () => {
  expect(write.start()).toEqual({ do: 'mark', durationMs: 3_000 });
  expect(write.marked(sent(), ok(11), 5)).toEqual({ do: 'commit' });
  expect(partition.applied).toBe(11);
  write.tag(['t', 'new']);
  expect(write.committed()).toEqual({ do: 'unmark', tags: ['t', 'new'] });
  expect(write.unmarked(sent(), ok(12))).toMatchObject({ do: 'acknowledge', stamp: { epoch: 'e1', clock: 12 } });
  expect(partition.applied).toBe(12);
});

test('the deadline counts from the sending of MARK, and a commit starts only while it is covered [10]', () => {
  expect(write.marked(sent(100), ok(11), 1_100)).toEqual({ do: 'commit' });
  expect([write.deadline, write.covers(1_100), write.covers(1_101)]).toEqual([3_100, true, false]);
  expect(write.marked(sent(100), ok(11), 1_101)).toEqual({ do: 'unmark', tags: [] });
  expect(write.unmarked(sent(), ok(11))).toMatchObject({ do: 'refuse' });
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
  expect(write.unmarked(sent(), epoch('e2', 3))).toEqual({ do: 'unmark', tags: ['t'] });
  expect(write.unmarked(sent(), ok(4, 1))).toMatchObject({ do: 'acknowledge', stamp: { epoch: 'e2', clock: 4 } });
  expect(partition.applied).toBe(4);
});

test('an UNMARK that moved no clock moves `applied` no further, one that had lost the mark does', () => {
  const plain = new Write(partition, { keys: ['k'], writer: 'w', markMs: 3_000, commitLimitMs: 2_000 });
  plain.marked(sent(), ok(11), 0);
  plain.unmarked(sent(), ok(12));
  expect(partition.applied).toBe(11);
  plain.unmarked(sent(), ok(12, 1));
  expect(partition.applied).toBe(12);
});

test('an UNMARK without an answer is repeated, unless nothing was committed', () => {
  write.marked(sent(), ok(11), 0);
  expect(write.unmarked(sent(), gone)).toEqual({ do: 'repeat', error: gone.error });
  const error = new Error('rolled back');
  expect(write.aborted(error)).toEqual({ do: 'unmark', tags: [] });
  expect(write.unmarked(sent(), gone)).toEqual({ do: 'refuse', error });
});
