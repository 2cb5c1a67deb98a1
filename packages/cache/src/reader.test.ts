/** The reader: it listens for a fill before it asks for the lease, and a joiner's proof is the joiner's own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Partition } from './core/partition.ts';
import type { FillReply, GetReply, LeaseReply } from './core/replies.ts';
import { newCounters } from './counters.ts';
import type { Engine } from './engine.ts';
import { LruStore } from './l1/lru.ts';
import { Loads } from './origin/loads.ts';
import { Notices } from './origin/notices.ts';
import { Reader } from './reader.ts';

const S = 1_000;
const CALL = { level: 'bounded', boundMs: S, bypass: false } as const;
const VALUE = 'V e1 10 0 60000 0 []\n7';
const settings = { name: 'test', stalenessMs: S, loadLimitMs: 5_000, l1TtlMs: 60_000, l2TtlMs: 60_000 };

let now: number;
let partition: Partition;
let notices: Notices;

beforeEach(() => {
  vi.useFakeTimers();
  now = 0;
  notices = new Notices();
  partition = new Partition({ index: 0, stalenessMs: S, l1: new LruStore(1) });
  partition.offered(partition.sending(0), { is: 'epoch', epoch: 'e1', clock: 10, past: [], since: 0, now: 0 });
  beat(0);
});

afterEach(() => {
  vi.useRealTimers();
});

function beat(at: number): void {
  const reply = { is: 'beat', clock: 10, page: [], now: at, since: 0, longestMarkMs: 0 } as const;
  partition.beaten(partition.sending(at), reply, []);
}

/** What Redis answers to each request, in the turn in which it is asked. */
interface Redis {
  readonly get: () => GetReply;
  readonly lease: () => LeaseReply;
  readonly fill?: () => FillReply;
}

function readerOn(redis: Redis): Reader {
  const answer = (reply: unknown) => ({ sent: partition.sending(now), reply });
  const commands = {
    get: async () => answer(redis.get()),
    lease: async () => answer(redis.lease()),
    fill: async () => answer(redis.fill?.()),
  };
  const clock = () => now;
  const loads = new Loads(1, settings.loadLimitMs, clock);
  const rest = { counters: newCounters(), now: clock, random: () => 0, nonce: () => 'token' };
  return new Reader({ settings, partition, commands, loads, notices, ...rest } as unknown as Engine);
}

const text = (what: string | null): GetReply => ({ is: 'text', text: what });

test('a notice that overtakes the denial of the lease is not waited for', async () => {
  let filled = false;
  const reader = readerOn({
    get: () => text(filled ? VALUE : null),
    lease: () => {
      // The holder fills between the denial in Redis and its arrival here.
      filled = true;
      notices.wake('k');
      return { is: 'lease', clock: 10 };
    },
  });
  const reading = reader.get('k', () => Promise.reject(new Error('not to be loaded')), CALL);
  await vi.advanceTimersByTimeAsync(0);
  // Time stands still: whoever waits for the next look, or for a notice that has been, has a timer.
  expect(vi.getTimerCount()).toBe(0);
  expect(await reading).toMatchObject({ value: 7, tier: 'L2' });
});

test('what let a joiner join proves its answer, though the load began longer ago than its bound', async () => {
  const reader = readerOn({
    get: () => text(null),
    lease: () => ({ is: 'granted', clock: 10 }),
    fill: () => ({ is: 'stored', clock: 10 }),
  });
  const gate = Promise.withResolvers<{ value: number }>();
  const loading = reader.get('k', () => gate.promise, CALL);
  await vi.advanceTimersByTimeAsync(0);
  now = 900;
  beat(now);
  const joining = reader.get('k', () => Promise.reject(new Error('not to be loaded')), CALL);
  now = 1_500;
  gate.resolve({ value: 7 });
  expect(await loading).toMatchObject({ joined: false, proofAgeMs: 1_500 });
  expect(await joining).toMatchObject({ value: 7, joined: true, proofAgeMs: 600 });
});
