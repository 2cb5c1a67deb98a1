/** A round of beats: pages, epochs, and its end. */
import { beforeEach, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import { Beat } from './beat.ts';
import { BEAT_PAGES } from './limits.ts';
import { Partition } from './partition.ts';
import type { BeatReply, EpochReply } from './replies.ts';

let partition: Partition;
let beat: Beat;

beforeEach(() => {
  partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(10) });
  partition.offered(partition.sending(0), epoch('e1', 10));
  beat = new Beat(partition);
});

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: [], since: 0, now: 0 };
}

function reply(clock: number, ...clocks: number[]): BeatReply {
  const page = clocks.map((each) => ({ clock: each, keys: [], tags: [], at: 0 }));
  return { is: 'beat', clock, page, now: 0, since: 0, longestMarkMs: 0, probe: clock, proved: 0 };
}

const sent = (at = 0) => partition.sending(at);

test('pages until nothing is missing, and is proved then', () => {
  expect(beat.start()).toEqual({ do: 'beat' });
  expect(beat.answered(sent(1), reply(12, 11))).toEqual({ do: 'beat' });
  expect(beat.answered(sent(2), reply(12, 12))).toEqual({ do: 'end', proved: true });
  expect(partition.proofs.confirmedAt).toBe(2);
});

test('a journal that grows faster than it is read does not hold the round for ever', () => {
  let rounds = 1;
  for (let clock = 11; beat.answered(sent(), reply(clock + 100, clock)).do === 'beat'; clock++) rounds++;
  expect(rounds).toBe(BEAT_PAGES + 1);
});

test('an epoch on offer is adopted and beaten in; one that was left is replaced', () => {
  expect(beat.answered(sent(), epoch('e2', 3))).toEqual({ do: 'beat' });
  expect(partition.epoch).toBe('e2');
  expect(beat.answered(sent(), epoch('e1', 10))).toEqual({ do: 'renew', offered: 'e1' });
  expect(beat.renewed(sent(), epoch('e3', 10))).toEqual({ do: 'beat' });
  expect(partition.epoch).toBe('e3');
});

test('a proof that was pending is void in another epoch', () => {
  beat.answered(sent(1), reply(12, 11));
  beat.answered(sent(2), epoch('e2', 20));
  expect(beat.answered(sent(3), reply(22, 21))).toEqual({ do: 'beat' });
  expect(partition.proofs.confirmedAt).toBe(Number.NEGATIVE_INFINITY);
});

test('a history that went backwards is replaced', () => {
  expect(beat.answered(sent(), reply(9))).toEqual({ do: 'renew', offered: 'e1' });
});

test('without an answer nothing is proved, nor by one that is void', () => {
  expect(beat.answered(sent(), { is: 'unreachable', error: new Error('gone') })).toEqual({ do: 'end', proved: false });
  const old = sent();
  partition.closed();
  expect(beat.answered(old, reply(10))).toEqual({ do: 'end', proved: false });
});
