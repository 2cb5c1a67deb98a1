/** What is proved at the origin: probes of beats, proved by a relay, told by a reply that has been applied. */
import { beforeEach, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import { PROBES_KEPT } from './limits.ts';
import { Partition } from './partition.ts';
import { Proofs } from './proofs.ts';
import type { BeatReply, EpochReply } from './replies.ts';

const S = 1_000;
let partition: Partition;

beforeEach(() => {
  partition = new Partition({ index: 0, stalenessMs: S, l1: new LruStore(10), proof: 'origin' });
  partition.offered(partition.sending(0), epoch('e1', 10));
});

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: [], since: 0, now: 0 };
}

function beat(at: number, probe: number, proved: number, more: Partial<BeatReply> = {}) {
  const reply = { is: 'beat', clock: 10, page: [], now: 0, since: 0, longestMarkMs: 0, ...more } as const;
  return partition.beaten(partition.sending(at), { ...reply, probe, proved }, []);
}

test('a beat confirms what Redis executed, and trusts nothing before its probe is proved', () => {
  beat(100, 5, 4);
  expect(partition.proofs.confirmedAt).toBe(100);
  expect(partition.trusted(100, S)).toBe(false);
  beat(350, 6, 5);
  expect(partition.proofs.confirmedAtOrigin).toBe(100);
  expect([partition.trusted(1_100, S), partition.trusted(1_101, S)]).toEqual([true, false]);
});

test('a later probe that is proved proves the earlier ones, and no later one', () => {
  beat(100, 5, 0);
  beat(200, 9, 0);
  beat(300, 12, 10);
  expect(partition.proofs.confirmedAtOrigin).toBe(200);
});

test('a proof is not believed before the entries beneath it are applied', () => {
  beat(100, 5, 0);
  const entry = { clock: 11, keys: ['k'], tags: [], at: 0 };
  expect(beat(200, 6, 5, { clock: 12, page: [entry] })).toBe('page');
  expect(partition.proofs.confirmedAtOrigin).toBe(Number.NEGATIVE_INFINITY);
  beat(210, 7, 5, { clock: 12, page: [{ ...entry, clock: 12 }] });
  expect(partition.proofs.confirmedAtOrigin).toBe(100);
});

test('another epoch forgets the probes of the former one', () => {
  beat(100, 5, 0);
  partition.offered(partition.sending(150), epoch('e2', 10));
  beat(200, 6, 5);
  expect(partition.proofs.confirmedAtOrigin).toBe(Number.NEGATIVE_INFINITY);
});

test('what is remembered is bounded', () => {
  const proofs = new Proofs('origin');
  for (let probe = 1; probe <= 2 * PROBES_KEPT; probe++) proofs.beat(probe, probe);
  proofs.proved(PROBES_KEPT);
  expect(proofs.at).toBe(Number.NEGATIVE_INFINITY);
  proofs.proved(2 * PROBES_KEPT);
  expect(proofs.at).toBe(2 * PROBES_KEPT);
});
