/** Reads of a session, reads that ask for a proof at the origin, and reads of keys that have no origin. */
import { beforeEach, describe, expect, test } from 'vitest';
import { LruStore } from '../l1/lru.ts';
import { Partition } from './partition.ts';
import type { ProofOf } from './proofs.ts';
import { Read, type ReadRequest } from './read.ts';
import type { BeatReply, EpochReply } from './replies.ts';
import type { TokenPart } from './token.ts';

const S = 1_000;
let partition: Partition;

beforeEach(() => begin('redis'));

function begin(proof: ProofOf): void {
  partition = new Partition({ index: 0, stalenessMs: S, l1: new LruStore(10), proof });
  partition.offered(partition.sending(0), epoch('e1', 10));
  beat(0);
}

function epoch(name: string, clock: number): EpochReply {
  return { is: 'epoch', epoch: name, clock, past: ['e0'], since: 0, now: 0 };
}

function beat(at: number, more: Partial<BeatReply> = {}): void {
  const reply = { is: 'beat', clock: 10, page: [], now: 0, since: 0, longestMarkMs: 0, probe: 1, proved: 1 } as const;
  partition.beaten(partition.sending(at), { ...reply, ...more }, []);
}

function open(more: Partial<ReadRequest>): Read {
  const limits = { boundMs: S, loadLimitMs: 500, bypass: false };
  const kind = { level: 'bounded', token: undefined, home: 'origin', onUnproven: 'origin' } as const;
  return new Read(partition, { key: 'k', ...limits, ...kind, nonce: () => 'token', ...more });
}

const sent = (at = 0) => partition.sending(at);
const text = (f: number, tags: string[] = [], of = 'e1') => `V ${of} ${f} 1 2 0 ${JSON.stringify(tags)}\n1`;
const got = (what: string | null) => ({ is: 'text', text: what }) as const;
const gone = { is: 'unreachable', error: new Error('gone') } as const;
const UNCACHED = { do: 'load', leased: false };

describe('a session', () => {
  const seen = (clock: number, more: Partial<TokenPart> = {}): Partial<ReadRequest> => ({
    level: 'session',
    token: { partition: 0, epoch: 'e1', clock, issuedAt: 1, ...more },
  });

  test('of this epoch is served like a bounded reader, once the replica has applied what it has seen', () => {
    expect(open(seen(10)).start(0)).toEqual({ do: 'get' });
    expect([partition.follows(seen(10).token), partition.follows(seen(11).token)]).toEqual([true, false]);
  });

  test('that is ahead lets the replica catch up, once, and finds L1 then', () => {
    const read = open(seen(11));
    expect(read.start(0)).toEqual({ do: 'catchUp' });
    const stamp = { partition: 0, epoch: 'e1', clock: 11 };
    const entry = { value: 1, f: 11, tags: [], loadedAt: 0, expiresAt: S, stamp };
    beat(5, { clock: 11, page: [{ clock: 11, keys: [], tags: [], at: 0 }] });
    partition.l1.set('k', entry);
    expect(read.caughtUp(6)).toEqual({ do: 'hit', entry });
    expect(open(seen(12)).start(6)).toEqual({ do: 'catchUp' });
  });

  test('still ahead it asks L2: what stands there is newer than whatever the client has seen', () => {
    const read = open(seen(12));
    read.start(0);
    expect(read.caughtUp(5)).toEqual({ do: 'get' });
    expect(read.got(sent(5), got(text(9)), 6)).toMatchObject({ do: 'return', outcome: { tier: 'L2' } });
  });

  test('ahead of the own tag map leaves tags to the script [C3]', () => {
    const read = open(seen(11));
    read.start(0);
    read.caughtUp(5);
    expect(read.got(sent(5), got(text(10, ['t'])), 6)).toEqual({ do: 'read' });
    expect(open(seen(10)).got(sent(5), got(text(10, ['t'])), 6)).toMatchObject({ do: 'return' });
  });

  test.each([
    ['another epoch', { epoch: 'e0' }],
    ['an unknown point, or several', { epoch: null }],
  ])('of %s goes to the origin, never to L2', (_, more) => {
    expect(open(seen(3, more)).start(0)).toEqual(UNCACHED);
  });

  test('whose epoch ends on the way goes to the origin as well', () => {
    const read = open(seen(10));
    const before = sent(1);
    partition.offered(sent(2), epoch('e2', 10));
    expect(read.got(before, got(text(9)), 3)).toEqual(UNCACHED);
  });
});

describe('proved at the origin', () => {
  test('a value is taken only under a proof that was there when it was asked for [M3]', () => {
    begin('origin');
    beat(2, { probe: 2, proved: 0 });
    const early = sent(S + 1);
    beat(S + 2, { probe: 3, proved: 2 });
    expect(open({}).got(early, got(text(9)), S + 3)).toEqual(UNCACHED);
    expect(open({}).got(sent(S + 2), got(text(9)), S + 3)).toMatchObject({ do: 'return', outcome: { provedAt: 2 } });
  });

  test('without proof: the origin, an error, or what there is, labelled', () => {
    begin('origin');
    const late = 2 * S;
    beat(late, { probe: 2, proved: 0 });
    const value = got(text(9));
    expect(open({}).got(sent(late), value, late)).toEqual(UNCACHED);
    expect(open({ onUnproven: 'error' }).got(sent(late), value, late)).toEqual({ do: 'unproven' });
    const stale = open({ onUnproven: 'stale' }).got(sent(late), value, late);
    expect(stale).toMatchObject({ do: 'return', outcome: { tier: 'L2', unproven: true } });
    const strong = open({ onUnproven: 'stale', level: 'strong' });
    expect(strong.readBack(sent(late), { is: 'value', clock: 10, text: text(9) }, late)).toEqual(UNCACHED);
  });

  test('an error instead of the origin is for bounded reads that Redis cannot answer; others go on', () => {
    expect(open({ onUnproven: 'error' }).got(sent(), gone, 0)).toEqual({ do: 'unproven' });
    expect(open({ onUnproven: 'error', level: 'strong' }).readBack(sent(), gone, 0)).toEqual(UNCACHED);
  });
});

describe('a key whose home is the cache', () => {
  test('is asked for by the script where a GET proves too little, and is absent where it is not', () => {
    const read = open({ home: 'cache' });
    expect(read.start(0)).toEqual({ do: 'get' });
    expect(read.got(sent(), got(null), 0)).toEqual({ do: 'read' });
    const stamp = { partition: 0, epoch: 'e1', clock: 12 };
    expect(read.readBack(sent(), { is: 'none', clock: 12, leftMs: 0 }, 0)).toEqual({ do: 'absent', stamp });
    expect(open({ home: 'cache', level: 'strong' }).start(0)).toEqual({ do: 'read' });
  });

  test('has no origin to fall back on: a foreign session asks the script, a silent Redis is an error [M7]', () => {
    const token = { partition: 0, epoch: 'e9', clock: 1, issuedAt: 1 };
    const read = open({ home: 'cache', level: 'session', token });
    expect(read.start(0)).toEqual({ do: 'read' });
    expect(read.readBack(sent(), gone, 0)).toEqual({ do: 'fail', error: gone.error });
  });

  test('is lost with the history that its value is from, also where that is blessed for the keys of an origin', () => {
    const reply = { is: 'value', clock: 12, text: text(9, [], 'e0') } as const;
    const stamp = { partition: 0, epoch: 'e1', clock: 12 };
    expect(open({ home: 'cache' }).readBack(sent(), reply, 0)).toEqual({ do: 'absent', stamp });
    expect(open({}).readBack(sent(), reply, 0)).toMatchObject({ do: 'return' });
  });

  test('needs no proof of the origin', () => {
    begin('origin');
    expect(open({ home: 'cache' }).got(sent(), got(text(9)), 0)).toMatchObject({ do: 'return' });
  });
});

test('a blessed value is stamped with the epoch that blessed it', () => {
  const read = open({});
  const reply = { is: 'value', clock: 12, text: text(9, [], 'e0') } as const;
  expect(read.leased(sent(), 'token', reply, 0)).toMatchObject({ outcome: { stamp: { epoch: 'e1', clock: 9 } } });
});
