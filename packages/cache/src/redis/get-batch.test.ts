/** GETs of one turn go out together, and are told what was true when they went: never more than when they were asked for. */
import { beforeEach, expect, test } from 'vitest';
import { Partition } from '../core/partition.ts';
import type { GetReply, Sent } from '../core/replies.ts';
import { LruStore } from '../l1/lru.ts';
import { GetBatch } from './get-batch.ts';

/** Until what was begun with setImmediate has run. */
const immediate = () => new Promise((done) => setImmediate(done));

let now: number;
let partition: Partition;
let sendings: (readonly string[])[];
let told: { readonly key: string; readonly sent: Sent; readonly reply: GetReply }[];
let fails: Error | null;

beforeEach(() => {
  now = 0;
  sendings = [];
  told = [];
  fails = null;
  partition = new Partition({ index: 0, stalenessMs: 1_000, l1: new LruStore(1) });
  adopt('e1');
});

function adopt(epoch: string): void {
  partition.offered(partition.sending(now), { is: 'epoch', epoch, clock: 1, past: [], since: 0, now });
}

function batchOf(): (key: string) => void {
  const mget = async (keys: readonly string[]) => {
    sendings.push(keys);
    if (fails !== null) throw fails;
    return keys.map((key) => (key === 'none' ? null : `text of ${key}`));
  };
  const batch = new GetBatch(partition, () => now, mget);
  return (key) => batch.get(key, { got: (sent, reply) => told.push({ key, sent, reply }) });
}

test('each is told its own text, and when it was sent, not when it was asked for', async () => {
  const get = batchOf();
  get('a');
  get('none');
  now = 5;
  get('b');
  expect(sendings).toEqual([]);
  await immediate();
  expect(sendings).toEqual([['a', 'none', 'b']]);
  expect(told.map(({ key, reply }) => [key, reply])).toEqual([
    ['a', { is: 'text', text: 'text of a' }],
    ['none', { is: 'text', text: null }],
    ['b', { is: 'text', text: 'text of b' }],
  ]);
  expect(told.every(({ sent }) => sent.at === 5 && partition.current(sent))).toBe(true);
});

test('what was asked for in an epoch, or on a connection, that has ended is not told as of the next one', async () => {
  const get = batchOf();
  get('a');
  adopt('e2');
  get('b');
  partition.closed();
  get('c');
  partition.closed();
  await immediate();
  expect(sendings).toEqual([['a'], ['b'], ['c']]);
  expect(told.map(({ key, sent }) => [key, sent.epoch, partition.current(sent)])).toEqual([
    ['a', 'e1', false],
    ['b', 'e2', false],
    ['c', 'e2', false],
  ]);
});

test('no MGET has more than 128 keys, and each of those that fail is told', async () => {
  const get = batchOf();
  fails = new Error('gone');
  for (let i = 0; i < 300; i++) get(`k${i}`);
  await immediate();
  expect(sendings.map(({ length }) => length)).toEqual([128, 128, 44]);
  expect(told.map(({ reply }) => reply)).toEqual(Array(300).fill({ is: 'unreachable', error: fails }));
});
