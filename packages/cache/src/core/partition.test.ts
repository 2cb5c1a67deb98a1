/** One replica's view: what moves `applied`, what proves, what flushes, and which replies are void. */
import { beforeEach, describe, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import type { L1Entry } from '../l1/store.ts';
import type { Entry } from './entry.ts';
import { type FlushCause, Partition } from './partition.ts';
import { Read } from './read.ts';
import type { BeatReply, EpochReply } from './replies.ts';

const S = 1_000;
let partition: Partition;
let flushes: FlushCause[];
let beatsWanted: number;

beforeEach(() => {
  flushes = [];
  beatsWanted = 0;
  const observer = {
    flushed: (cause: FlushCause) => flushes.push(cause),
    beatWanted: () => beatsWanted++,
  };
  partition = new Partition({ index: 0, stalenessMs: S, l1: new LruStore(10), observer });
  partition.offered(partition.sending(0), epochReply('e1', 10));
  flushes.length = 0;
  beatsWanted = 0;
});

function epochReply(epoch: string, clock: number, past: string[] = []): EpochReply {
  return { is: 'epoch', epoch, clock, past, since: 0, now: 0 };
}

function beatReply(clock: number, page: BeatReply['page'] = []): BeatReply {
  return { is: 'beat', clock, page, now: 5_000, since: 1_000, longestMarkMs: 3_000, probe: clock, proved: 0 };
}

function entry(clock: number, keys: string[] = [], tags: string[] = []): Entry {
  return { clock, keys, tags, at: 0 };
}

function heard(what: Entry, epoch = 'e1'): void {
  partition.heard({ is: 'entry', epoch, entry: what });
}

function beat(at: number, reply: BeatReply) {
  return partition.beaten(partition.sending(at), reply, []);
}

function value(f: number, tags: string[] = []): L1Entry {
  return { value: f, f, tags, loadedAt: 0, expiresAt: 1e6, stamp: { partition: 0, epoch: 'e1', clock: f } };
}

function read(key = 'k'): Read {
  return new Read(partition, {
    key,
    level: 'bounded',
    token: undefined,
    home: 'origin',
    onUnproven: 'origin',
    boundMs: S,
    loadLimitMs: S,
    bypass: false,
    nonce: () => 'n',
  });
}

describe('trust', () => {
  test('counts from the sending of the beat, and runs out by itself', () => {
    expect(partition.trusted(0, S)).toBe(false);
    beat(100, beatReply(10));
    expect(partition.trusted(100 + S, S)).toBe(true);
    expect(partition.trusted(101 + S, S)).toBe(false);
  });

  test('lookup serves only while it lasts, what has not expired, and what no tag has made outdated', () => {
    partition.store(read(), value(10, ['t']), 0);
    expect(partition.lookup('k', 0, S)).toBeUndefined();
    beat(0, beatReply(10));
    expect(partition.lookup('k', S, S)?.value).toBe(10);
    expect(partition.lookup('k', 50, 40)).toBeUndefined();
    heard(entry(11, [], ['t']));
    expect(partition.lookup('k', S, S)).toBeUndefined();
    expect(partition.l1.size).toBe(0);
  });

  test('pages prove from the sending of the last beat whose clock was reached', () => {
    const rounds: { at: number; clock: number }[] = [];
    const page = (at: number, reply: BeatReply) => partition.beaten(partition.sending(at), reply, rounds);
    expect(page(100, beatReply(12, [entry(11)]))).toBe('page');
    expect(partition.trusted(100, S)).toBe(false);
    expect(page(200, beatReply(13, [entry(12)]))).toBe('page');
    expect(partition.proofs.confirmedAt).toBe(100);
    expect(page(300, beatReply(13, [entry(13)]))).toBe('nothing');
    expect(partition.proofs.confirmedAt).toBe(300);
  });

  test('a closed connection ends authority and leaves trust to run out', () => {
    beat(0, beatReply(10));
    expect(partition.authorityAt(S)).toBe(0);
    expect(partition.authorityAt(S + 1)).toBeUndefined();
    partition.closed();
    expect(partition.authorityAt(1)).toBeUndefined();
    expect(partition.trusted(S, S)).toBe(true);
  });
});

describe('entries', () => {
  test('the next one is applied: L1 drops what is older and keeps what is newer', () => {
    partition.store(read('a'), value(10), 0);
    partition.store(read('b'), value(11), 0);
    heard(entry(11, ['a', 'b']));
    expect([partition.applied, partition.l1.peek('a'), partition.l1.peek('b')?.f]).toEqual([11, undefined, 11]);
  });

  test('after a gap the keys and tags go at once, `applied` stays, and a beat is wanted', () => {
    partition.store(read('a'), value(10), 0);
    partition.store(read('b'), value(10, ['t']), 0);
    beat(0, beatReply(10));
    heard(entry(12, ['a'], ['t']));
    expect([partition.applied, beatsWanted]).toEqual([10, 1]);
    expect([partition.lookup('a', 0, S), partition.lookup('b', 0, S)]).toEqual([undefined, undefined]);
    beat(1, beatReply(12, [entry(11), entry(12, ['a'], ['t'])]));
    expect(partition.applied).toBe(12);
  });

  test('a duplicate does nothing', () => {
    heard(entry(11, ['a']));
    const open = read('a');
    heard(entry(11, ['a']));
    expect([partition.applied, open.taintedAt]).toEqual([11, 0]);
  });

  test('an own write drops its keys, and moves `applied` only to the next clock [14]', () => {
    partition.store(read('mine'), value(10), 0);
    partition.store(read('theirs'), value(10), 0);
    partition.wrote(partition.sending(0), entry(12, ['mine']));
    expect([partition.applied, partition.l1.peek('mine')]).toEqual([10, undefined]);
    heard(entry(11, ['theirs']));
    expect(partition.l1.peek('theirs')).toBeUndefined();
    heard(entry(12, ['mine']));
    partition.wrote(partition.sending(0), entry(13));
    expect(partition.applied).toBe(13);
  });

  test('a taint forbids to store what is older than it, a newer entry is not replaced', () => {
    const open = read('k');
    heard(entry(11, ['k']));
    expect(partition.store(open, value(10), 0)).toBe(false);
    expect(partition.store(open, value(11), 0)).toBe(true);
    expect(partition.store(read('k'), value(10), 0)).toBe(false);
  });

  test('a trimmed journal empties L1 and moves `applied` in one step; reads in flight store nothing', () => {
    partition.store(read('a'), value(10), 0);
    const open = read('b');
    beat(0, beatReply(500, 'trimmed'));
    expect([partition.applied, partition.l1.size, partition.tags.known, flushes]).toEqual([500, 0, 500, ['trimmed']]);
    expect(partition.trusted(0, S)).toBe(true);
    expect(partition.store(open, value(500), 0)).toBe(false);
  });
});

describe('epochs', () => {
  test('adopting one empties L1, forgets trust and tags, and takes its clock', () => {
    beat(0, beatReply(10));
    partition.store(read('a'), value(10), 0);
    const open = read('b');
    expect(partition.offered(partition.sending(1), epochReply('e2', 3, ['e1']))).toBe('nothing');
    expect(partition).toMatchObject({ epoch: 'e2', applied: 3, seen: 3, past: ['e1'] });
    expect([partition.trusted(1, S), partition.l1.size, partition.tags.known]).toEqual([false, 0, 3]);
    expect(partition.store(open, { ...value(3), stamp: { partition: 0, epoch: 'e2', clock: 3 } }, 0)).toBe(false);
  });

  test('a message of another epoch is never adopted, only a beat is wanted [4]', () => {
    partition.store(read('a'), value(10), 0);
    heard(entry(11, ['a']), 'e0');
    expect([partition.epoch, partition.applied, partition.l1.size, beatsWanted]).toEqual(['e1', 10, 1, 1]);
  });

  test('one that was left is not adopted again: a new one is asked for [M6]', () => {
    partition.offered(partition.sending(0), epochReply('e2', 3));
    expect(partition.offered(partition.sending(0), epochReply('e1', 10))).toBe('renew');
    expect(partition.epoch).toBe('e2');
  });

  test('replies to what was sent under an old epoch or on a closed connection are void [8, 13]', () => {
    const old = partition.sending(0);
    partition.offered(partition.sending(0), epochReply('e2', 3));
    const later = partition.sending(0);
    partition.closed();
    for (const sent of [old, later]) {
      expect(partition.beaten(sent, beatReply(99, 'trimmed'), [])).toBe('nothing');
      expect(partition.offered(sent, epochReply('e3', 50))).toBe('nothing');
      partition.wrote(sent, entry(4));
    }
    expect(partition).toMatchObject({ epoch: 'e2', applied: 3 });
    expect(partition.trusted(0, S)).toBe(false);
  });

  test('a clock behind the one known at the sending is a history that went backwards [15]', () => {
    partition.store(read('a'), value(10), 0);
    beat(0, beatReply(10));
    expect(beat(1, beatReply(8))).toBe('renew');
    expect([partition.l1.size, partition.trusted(1, S)]).toEqual([0, false]);
    // RENEW is lost, and the history goes on past what was known: what it adds is applied, not taken for duplicates.
    partition.store(read('a'), value(8), 1);
    heard(entry(9, ['a']));
    expect([partition.applied, partition.l1.size]).toEqual([9, 0]);
  });

  test('a clock behind one that was heard of only after the sending is none', () => {
    const sent = partition.sending(0);
    heard(entry(11));
    expect(partition.beaten(sent, beatReply(10), [])).toBe('nothing');
    expect(flushes).toEqual([]);
  });
});

test('Redis’ time runs ahead, never behind, and the quarantine is told by it', () => {
  expect(partition.contact.quarantineMs(0, 500)).toBe(500);
  beat(100, beatReply(10));
  expect(partition.redisNow(150)).toBe(5_050);
  expect([partition.contact.quarantineMs(100, 500), partition.contact.quarantineMs(100, 2_000)]).toEqual([0, 1_000]);
});
