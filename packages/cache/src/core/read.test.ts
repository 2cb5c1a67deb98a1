/** Each arrow of the diagram in read.ts, and which reads may be joined. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Level } from '../cache.ts';
import { LruStore } from '../l1/lru.ts';
import { RESTARTS } from './limits.ts';
import { Partition } from './partition.ts';
import { Read, type ReadRequest } from './read.ts';
import type { EpochReply, Unreachable } from './replies.ts';

const S = 1_000;
const gone: Unreachable = { is: 'unreachable', error: new Error('gone') };
let partition: Partition;

beforeEach(() => {
  partition = new Partition({ index: 0, stalenessMs: S, l1: new LruStore(10) });
  partition.offered(partition.sending(0), epoch('e1', 10));
  beat(0);
});

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: [], since: 0, now: 0 };
}

function beat(at: number, clock = 10): void {
  const reply = { is: 'beat', clock, page: [], now: 0, since: 0, longestMarkMs: 0, probe: 1, proved: 0 } as const;
  partition.beaten(partition.sending(at), reply, []);
}

function open(level: Level = 'bounded', boundMs = S, more: Partial<ReadRequest> = {}): Read {
  const request: ReadRequest = {
    key: 'k',
    level,
    boundMs,
    loadLimitMs: 500,
    bypass: false,
    token: undefined,
    home: 'origin',
    onUnproven: 'origin',
    nonce: () => 'token',
  };
  return new Read(partition, { ...request, ...more });
}

const sent = (at = 0) => partition.sending(at);
const text = (f: number, tags: string[] = [], of = 'e1') => `V ${of} ${f} 1 2 0 ${JSON.stringify(tags)}\n1`;
const got = (what: string | null) => ({ is: 'text', text: what }) as const;
const LEASE = { do: 'lease', token: 'token' };
const UNCACHED = { do: 'load', leased: false };

describe('get and read', () => {
  test('bounded asks by GET under authority, otherwise, and strong always, by the script', () => {
    expect(open().start(S)).toEqual({ do: 'get' });
    expect(open('bounded', 10).start(11)).toEqual({ do: 'read' });
    expect(open().start(S + 1)).toEqual({ do: 'read' });
    expect(open('strong').start(0)).toEqual({ do: 'read' });
  });

  test('a value is returned with the age of the authority as its proof', () => {
    const effect = open().got(sent(5), got(text(7)), 6);
    expect(effect).toMatchObject({
      do: 'return',
      outcome: { tier: 'L2', provedAt: 0, stamp: { epoch: 'e1', clock: 7 } },
    });
  });

  test('authority that is younger than the GET proves no more than the GET itself', () => {
    const asked = sent(5);
    beat(8);
    expect(open().got(asked, got(text(7)), 9)).toMatchObject({ do: 'return', outcome: { provedAt: 5 } });
  });

  test('absent, a lease, a mark and a value of another epoch go to LEASE', () => {
    for (const what of [null, 'L e1 t 0', 'M w:1', text(7, [], 'e0')])
      expect(open().got(sent(), got(what), 0)).toEqual(LEASE);
    for (const is of ['refused', 'lease', 'mark', 'none'] as const) {
      expect(open().readBack(sent(), { is, clock: 10, leftMs: 0 }, 0)).toEqual(LEASE);
    }
  });

  test('what a GET answers without authority is asked again by the script [6]', () => {
    expect(open().got(sent(), got(text(7)), S + 1)).toEqual({ do: 'read' });
  });

  test('the own map decides on tags only from `known` on [C1], and within trust [C4]', () => {
    expect(open().got(sent(), got(text(9, ['t'])), 0)).toEqual({ do: 'read' });
    expect(open().got(sent(), got(text(10, ['t'])), 0)).toMatchObject({ do: 'return' });
    partition.heard({ is: 'entry', epoch: 'e1', entry: { clock: 11, keys: [], tags: ['t'], at: 0 } });
    expect(open().got(sent(), got(text(10, ['t'])), 0)).toEqual(LEASE);
    // The first page of a beat gives authority, not yet trust.
    beat(900, 20);
    expect(open().got(sent(S + 5), got(text(11, ['t'])), S + 5)).toEqual({ do: 'read' });
  });

  test('with tags the proof is no newer than what the own map has applied', () => {
    // The first page of a beat: authority from 500, trust still from 0.
    beat(500, 20);
    expect(open().got(sent(600), got(text(10)), 600)).toMatchObject({ outcome: { provedAt: 500 } });
    expect(open().got(sent(600), got(text(10, ['t'])), 600)).toMatchObject({ outcome: { provedAt: 0 } });
  });

  test('a strong reader takes no value with tags', () => {
    const reply = { is: 'value', clock: 10, text: text(10, ['t']) } as const;
    expect(open('strong').readBack(sent(), reply, 0)).toEqual(UNCACHED);
    expect(open().readBack(sent(), reply, 0)).toMatchObject({ do: 'return' });
  });

  test('another epoch is adopted and the read begins again, a few times', () => {
    const read = open();
    expect(read.readBack(sent(), epoch('e2', 3), 0)).toEqual({ do: 'read' });
    expect(partition.epoch).toBe('e2');
    for (let i = 1; i < RESTARTS; i++) read.readBack(sent(), epoch(`e${i + 2}`, 3), 0);
    expect(read.readBack(sent(), epoch('last', 3), 0)).toEqual(UNCACHED);
  });

  test('an answer of a closed connection is not believed', () => {
    const read = open();
    const before = sent();
    partition.closed();
    expect(read.got(before, got(text(10)), 0)).toEqual({ do: 'read' });
  });
});

describe('lease', () => {
  const granted = { is: 'granted', clock: 10 } as const;

  test('granted: load, fill, and ORIGIN with the clock of the lease', () => {
    const read = open();
    expect(read.leased(sent(), 'token', granted, 0)).toEqual({ do: 'load', leased: true });
    const lease = { epoch: 'e1', f: 10, token: 'token' };
    expect(read.loaded(true)).toEqual({ do: 'fill', lease });
    const outcome = { tier: 'ORIGIN', stamp: { partition: 0, epoch: 'e1', clock: 10 }, lease };
    expect(read.filled(sent(), lease, { is: 'stored', clock: 12 })).toMatchObject({ do: 'return', outcome });
  });

  test('refused: BYPASS with the clock after the load [3]; in another epoch with that one’s', () => {
    const read = open();
    read.leased(sent(), 'token', granted, 0);
    const lease = { epoch: 'e1', f: 10, token: 'token' };
    const bypass = (of: string, clock: number) => ({ outcome: { tier: 'BYPASS', stamp: { epoch: of, clock } } });
    expect(read.filled(sent(), lease, { is: 'refused', clock: 12 })).toMatchObject(bypass('e1', 12));
    expect(read.filled(sent(), lease, epoch('e2', 3))).toMatchObject(bypass('e2', 3));
  });

  test('a fill that was not answered, and a value that is too large, give the lease back and ask for the clock', () => {
    const read = open();
    read.leased(sent(), 'token', granted, 0);
    const lease = { epoch: 'e1', f: 10, token: 'token' };
    const release = { do: 'release', lease, error: undefined };
    expect(read.loaded(false)).toEqual(release);
    expect(read.filled(sent(), lease, gone)).toEqual(release);
    expect(read.released(undefined)).toEqual({ do: 'clock' });
  });

  test('a load that failed gives the lease back, then fails', () => {
    const read = open();
    const error = new Error('origin');
    expect(open().loadFailed(error)).toEqual({ do: 'fail', error });
    read.leased(sent(), 'token', granted, 0);
    expect(read.loadFailed(error)).toMatchObject({ do: 'release', error });
    expect(read.released(error)).toEqual({ do: 'fail', error });
  });

  test('denied by a value: it counts as read by the script', () => {
    const value = { is: 'value', clock: 10, text: text(5, ['t']) } as const;
    expect(open().leased(sent(), 'token', value, 0)).toMatchObject({ do: 'return', outcome: { tier: 'L2' } });
  });

  test('denied by a lease: wait, look again, at last load uncached', () => {
    const read = open();
    const lease = { is: 'lease', clock: 10 } as const;
    expect(read.leased(sent(), 'token', lease, 100)).toEqual({ do: 'wait', maxMs: 500 });
    expect(read.woken(300)).toEqual({ do: 'get' });
    expect(read.leased(sent(), 'token', lease, 400)).toEqual({ do: 'wait', maxMs: 200 });
    expect(read.woken(600)).toEqual(UNCACHED);
  });

  test('denied by a mark or the quarantine, and without Redis: uncached, then the clock after the load', () => {
    for (const is of ['mark', 'quarantine'] as const) {
      expect(open().leased(sent(), 'token', { is, clock: 10 }, 0)).toEqual(UNCACHED);
    }
    const read = open();
    expect(read.got(sent(), gone, 0)).toEqual(UNCACHED);
    expect(read.loaded(true)).toEqual({ do: 'clock' });
    expect(read.clocked(sent(), { is: 'clock', clock: 12 })).toMatchObject({
      outcome: { stamp: { epoch: 'e1', clock: 12 } },
    });
    expect(read.clocked(sent(), gone)).toMatchObject({ outcome: { tier: 'BYPASS', stamp: { epoch: null } } });
  });
});

describe('joinable', () => {
  test('until an invalidation of its key [2], or of any tag [M1], or a flush', () => {
    const invalidate = (clock: number, keys: string[], tags: string[]) =>
      partition.heard({ is: 'entry', epoch: 'e1', entry: { clock, keys, tags, at: 0 } });
    const first = open();
    invalidate(11, ['other'], []);
    expect(first.joinable()).toBe(true);
    invalidate(12, ['k'], []);
    expect(first.joinable()).toBe(false);
    const second = open();
    invalidate(13, [], ['any']);
    expect(second.joinable()).toBe(false);
    const third = open();
    partition.flush();
    expect(third.joinable()).toBe(false);
  });

  test('never once it loads uncached: UNMARK moves no clock [1]', () => {
    const read = open();
    read.leased(sent(), 'token', { is: 'mark', clock: 10 }, 0);
    expect(read.joinable()).toBe(false);
  });
});
