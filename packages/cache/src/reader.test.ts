/** The reader: it listens for a fill before it asks for the lease, and a joiner's proof is the joiner's own. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Load, ReadResult } from './cache.ts';
import { Partition } from './core/partition.ts';
import type { FillReply, GetReply, LeaseReply } from './core/replies.ts';
import { newCounters } from './counters.ts';
import type { Engine, Unit } from './engine.ts';
import { LruStore } from './l1/lru.ts';
import { Loads } from './origin/loads.ts';
import { Notices } from './origin/notices.ts';
import { Reader } from './reader.ts';
import type { GetCaller } from './requests.ts';
import { REAL_TIME } from './time.ts';

const S = 1_000;
const CALL = {
  level: 'bounded',
  boundMs: S,
  bypass: false,
  onUnproven: 'origin',
  token: undefined,
  fromL1: true,
} as const;
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
  const reply = { is: 'beat', clock: 10, page: [], now: at, since: 0, longestMarkMs: 0, probe: 1, proved: 0 } as const;
  partition.beaten(partition.sending(at), reply, []);
}

/** What Redis answers to each request, in the turn in which it is asked. */
interface Redis {
  readonly get: () => GetReply;
  readonly lease: () => LeaseReply;
  readonly fill?: () => FillReply;
}

function readerOn(redis: Redis): (load: Load<unknown>) => Promise<ReadResult<unknown>> {
  const answer = (reply: unknown) => ({ sent: partition.sending(now), reply });
  const requests = {
    get: async (_key: string, caller: GetCaller) => caller.got(partition.sending(now), redis.get()),
    lease: async () => answer(redis.lease()),
    fill: async () => answer(redis.fill?.()),
  };
  const time = { ...REAL_TIME, now: () => now };
  const loads = new Loads(1, settings.loadLimitMs, time);
  const rest = { counters: newCounters(), time, random: () => 0, nonce: () => 'token' };
  const unit = { partition, requests } as unknown as Unit;
  const reader = new Reader({ settings, loads, notices, ...rest } as unknown as Engine);
  return (load) => reader.get(unit, 'k', load, CALL, undefined, now);
}

const text = (what: string | null): GetReply => ({ is: 'text', text: what });

test('a notice that overtakes the denial of the lease is not waited for', async () => {
  let filled = false;
  const read = readerOn({
    get: () => text(filled ? VALUE : null),
    lease: () => {
      // The holder fills between the denial in Redis and its arrival here.
      filled = true;
      notices.wake('k');
      return { is: 'lease', clock: 10 };
    },
  });
  const reading = read(() => Promise.reject(new Error('not to be loaded')));
  await vi.advanceTimersByTimeAsync(0);
  // Time stands still: whoever waits for the next look, or for a notice that has been, has a timer.
  expect(vi.getTimerCount()).toBe(0);
  expect(await reading).toMatchObject({ value: 7, tier: 'L2' });
});

test('what let a joiner join proves its answer, though the load began longer ago than its bound', async () => {
  const read = readerOn({
    get: () => text(null),
    lease: () => ({ is: 'granted', clock: 10 }),
    fill: () => ({ is: 'stored', clock: 10 }),
  });
  const gate = Promise.withResolvers<{ value: number }>();
  const loading = read(() => gate.promise);
  await vi.advanceTimersByTimeAsync(0);
  now = 900;
  beat(now);
  const joining = read(() => Promise.reject(new Error('not to be loaded')));
  now = 1_500;
  gate.resolve({ value: 7 });
  expect(await loading).toMatchObject({ joined: false, proofAgeMs: 1_500 });
  expect(await joining).toMatchObject({ value: 7, joined: true, proofAgeMs: 600 });
});
