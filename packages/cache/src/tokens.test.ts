/** How long what a client has seen is asked for. */
import { beforeEach, expect, test } from 'vitest';
import type { Stamp } from './cache.ts';
import { Partition } from './core/partition.ts';
import { parseToken } from './core/token.ts';
import type { Engine } from './engine.ts';
import { LruStore } from './l1/lru.ts';
import { Tokens } from './tokens.ts';

/** S + Q. */
const TOKEN_MS = 5_000;
const EVERY_MS = 100;
/** Redis' time when that of the process is 0. */
const BEGIN_MS = 1_000_000;

let now: number;
let partition: Partition;
let tokens: Tokens;

beforeEach(() => {
  now = 0;
  partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(10) });
  tokens = tokensOf(partition);
  enter('e2', []);
});

function tokensOf(of: Partition): Tokens {
  const rest = { lives: { tokenMs: TOKEN_MS }, time: { now: () => now } };
  return new Tokens({ units: [{ partition: of }], ...rest } as unknown as Engine);
}

function enter(epoch: string, past: string[]): void {
  const clocks = { clock: 1, since: 0, now: BEGIN_MS + now };
  partition.offered(partition.sending(now), { is: 'epoch', epoch, past, ...clocks });
}

const stamp = (epoch: string | null, clock = 1): Stamp => ({ partition: 0, epoch, clock });

/** A client that reads every 100 ms, each time stamped like this: when the replica could serve it first. */
function goodAt(token: string, stampAt: (at: number) => Stamp): number {
  let held = token;
  for (const end = now + 4 * TOKEN_MS; now < end; now += EVERY_MS) {
    if (partition.knows(tokens.partOf(held, partition))) return now;
    held = tokens.issue(stampAt(now), held);
  }
  return Number.POSITIVE_INFINITY;
}

test('however often it reads, a client is foreign no longer than S + Q after it has last seen another epoch', () => {
  // Redis has lost everything: e2 knows nothing of e1.
  const token = tokens.issue(stamp('e1', 9), undefined);
  expect(goodAt(token, (at) => stamp('e2', at))).toBe(TOKEN_MS + EVERY_MS);
});

test('each answer of the other epoch, or of none, is a new reason', () => {
  const token = tokens.issue(stamp('e1', 9), undefined);
  expect(goodAt(token, (at) => stamp(at <= 3_000 ? 'e1' : 'e2'))).toBe(3_000 + TOKEN_MS + EVERY_MS);
  now = 0;
  expect(goodAt(token, (at) => stamp(at <= 7_000 ? null : 'e2'))).toBe(7_000 + 2 * EVERY_MS);
});

test('a token that cannot be read counts from when it was met first', () => {
  expect(goodAt('what is this', () => stamp('e2'))).toBe(TOKEN_MS + EVERY_MS);
});

test('one from a time to come was issued now', () => {
  const time = (BEGIN_MS + 100 * TOKEN_MS).toString(36);
  expect(parseToken(tokens.issue(stamp('e2'), `2~${time}~0.e1.1`))).toMatchObject([
    { epoch: 'e1', issuedAt: BEGIN_MS },
    { epoch: 'e2', issuedAt: BEGIN_MS },
  ]);
});

test('a replica that does not know the time makes nothing younger', () => {
  const token = tokens.issue(stamp('e1', 9), undefined);
  const newcomer = tokensOf(new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(10) }));
  expect(parseToken(newcomer.issue(stamp(null, 0), token))).toMatchObject([{ issuedAt: BEGIN_MS }, { issuedAt: 0 }]);
});

test('a point of a partition that is not there asks for nothing', () => {
  expect(parseToken(tokens.issue(stamp('e2'), `2~${BEGIN_MS.toString(36)}~7.e1.1`))).toMatchObject([{ epoch: 'e2' }]);
});
