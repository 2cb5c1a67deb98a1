import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Messages } from '@lockstep/cache';
import { Redis } from 'ioredis';
import { openCache } from '../lib/caches.ts';
import { type Effort, operations } from '../lib/effort.ts';
import { type Row, rowOf } from '../lib/row.ts';
import { percentile } from '../lib/statistics.ts';

const GROUP = 'Invalidation: from the call until two other replicas have applied it';
const MESSAGES = 1_500;
const NAMES = ['lag-0', 'lag-1', 'lag-2'] as const;
const PROMISED = 2;
const CHANNEL = 'raw:channel';
const OURS = 'cache.invalidate to applied';
const RAW = 'ioredis publish to message';
const PARTS = { p50: 0.5, p99: 0.99 } as const;

/**
 * From the call of `invalidate` until another replica's L1 no longer has the key, against a bare publish until another
 * subscriber has the message: one process, one Redis, one message at a time, in turns. Three subscribe on either side, as
 * whoever sends is a replica as well and hears itself; what it hears is not counted.
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

/** Takes the time of each listener from one sending on; one sending at a time. */
class Stopwatch {
  readonly #listeners: number;
  #since = 0;
  #lags: number[] = [];
  #left = 0;
  #done = Promise.withResolvers<void>();

  constructor(listeners: number) {
    this.#listeners = listeners;
  }

  async send(lags: number[], sending: () => Promise<unknown>): Promise<void> {
    this.#lags = lags;
    this.#left = this.#listeners;
    this.#done = Promise.withResolvers();
    this.#since = performance.now();
    await Promise.all([sending(), this.#done.promise]);
  }

  heard(): void {
    this.#lags.push(performance.now() - this.#since);
    if (--this.#left === 0) this.#done.resolve();
  }
}

async function openOurs(redisUrl: string) {
  const caches = await Promise.all(NAMES.map((name) => openCache({ redisUrl, name, namespace: 'lag' })));
  const [writer] = caches;
  const watch = new Stopwatch(NAMES.length - 1);
  let key = '';
  let sent = 0;
  const heard = (message: unknown) => {
    const { cache, entry } = message as Messages['applied'];
    if (cache !== NAMES[0] && entry.keys[0] === key) watch.heard();
  };
  subscribe('lockstep:applied', heard);
  return {
    send: (lags: number[]) => {
      key = `product:${100_000 + sent++}`;
      return watch.send(lags, async () => writer?.invalidate({ keys: [key] }));
    },
    close: async () => {
      unsubscribe('lockstep:applied', heard);
      for (const cache of caches) await cache.close();
    },
  };
}

async function openRaw(redisUrl: string) {
  const publisher = new Redis(redisUrl);
  const listeners = NAMES.map(() => new Redis(redisUrl));
  const watch = new Stopwatch(NAMES.length - 1);
  for (const [index, listener] of listeners.entries()) {
    await listener.subscribe(CHANNEL);
    listener.on('message', () => index > 0 && watch.heard());
  }
  // As long as a message of ours.
  const text = `I ${'0'.repeat(18)} 123456 1700000000000 ${JSON.stringify([['product:100000'], []])}`;
  return {
    send: (lags: number[]) => watch.send(lags, () => publisher.publish(CHANNEL, text)),
    close: () => {
      for (const client of [publisher, ...listeners]) client.disconnect();
    },
  };
}
