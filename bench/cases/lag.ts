import { Redis } from 'ioredis';
import { openCache } from '../lib/caches.ts';
import { type Effort, operations } from '../lib/effort.ts';
import { Listeners } from '../lib/listeners.ts';
import { type Row, rowOf } from '../lib/row.ts';
import { percentile } from '../lib/statistics.ts';

const GROUP = 'Invalidation: from the call until two other replicas have applied it';
const MESSAGES = 1_500;
const NAMESPACE = 'lag';
/** Replicas beside the one that sends. */
const OTHERS = 2;
const PROMISED = 2;
const CHANNEL = 'raw:channel';
const OURS = 'cache.invalidate to applied';
const RAW = 'ioredis publish to message';
const PARTS = { p50: 0.5, p99: 0.99 } as const;

/**
 * From the call of `invalidate` until another replica's L1 no longer has the key, against a bare publish until another
 * subscriber has the message: each listener a process of its own, one Redis, one message at a time, in turns. Three
 * subscribe on either side, as whoever sends is a replica as well and hears itself; what it hears is not counted.
 */
export async function lag(redisUrl: string, effort: Effort): Promise<Row[]> {
  const count = operations(effort, MESSAGES);
  const ours = await openOurs(redisUrl);
  const raw = await openRaw(redisUrl);
  const measured = new Map<string, number[]>();
  for (let round = -1; round < effort.rounds; round++) {
    const lags = { [OURS]: [] as number[], [RAW]: [] as number[] };
    for (let at = 0; at < count; at++) {
      const turns = [() => ours.send(lags[OURS]), () => raw.send(lags[RAW])];
      for (const send of at % 2 === 0 ? turns : turns.reverse()) await send();
    }
    if (round < 0) continue;
    for (const name of [OURS, RAW] as const) {
      for (const [part, share] of Object.entries(PARTS)) {
        const key = `${name}, ${part}`;
        measured.set(key, [...(measured.get(key) ?? []), percentile(lags[name], share)]);
      }
    }
  }
  await ours.close();
  raw.close();
  return [
    rowOf(GROUP, 'ms', measured, `${RAW}, p50`),
    rowOf(GROUP, 'ms', measured, `${OURS}, p50`, `${RAW}, p50`),
    rowOf(GROUP, 'ms', measured, `${RAW}, p99`),
    rowOf(GROUP, 'ms', measured, `${OURS}, p99`, `${RAW}, p99`, ['at most', PROMISED]),
  ];
}

async function openOurs(redisUrl: string) {
  const env = { MODE: 'ours', NAME: 'lag', REDIS_URL: redisUrl, CHANNEL: NAMESPACE };
  const listeners = await Listeners.open(OTHERS, env);
  const writer = await openCache({ redisUrl, name: 'lag-0', namespace: NAMESPACE });
  let sent = 0;
  return {
    send: (lags: number[]) => {
      const key = `product:${100_000 + sent++}`;
      return listeners.send(key, lags, () => writer.invalidate({ keys: [key] }));
    },
    close: async () => {
      listeners.close();
      await writer.close();
    },
  };
}

async function openRaw(redisUrl: string) {
  const listeners = await Listeners.open(OTHERS, { MODE: 'raw', NAME: 'raw', REDIS_URL: redisUrl, CHANNEL });
  const publisher = new Redis(redisUrl);
  const self = new Redis(redisUrl);
  await self.subscribe(CHANNEL);
  let sent = 0;
  return {
    send: (lags: number[]) => {
      // As long as a message of ours.
      const text = `I ${'0'.repeat(18)} 123456 1700000000000 [["product:${100_000 + sent++}"],[]]`;
      return listeners.send(text, lags, () => publisher.publish(CHANNEL, text));
    },
    close: () => {
      listeners.close();
      for (const client of [publisher, self]) client.disconnect();
    },
  };
}
