/**
 * Another replica, as far as the lag is concerned: hears invalidations through a cache of its own, or bare messages
 * through a subscription, and tells its parent when, by the clock that all processes of a machine share.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Messages } from '@lockstep/cache';
import { Redis } from 'ioredis';
import { openCache } from '../lib/caches.ts';
import type { Heard } from '../lib/listeners.ts';

const { MODE, NAME = '', REDIS_URL = '', CHANNEL = '' } = process.env;

const tell = (what: string) => {
  const heard: Heard = { what, at: String(process.hrtime.bigint()) };
  process.send?.(heard);
};

if (MODE === 'raw') {
  const client = new Redis(REDIS_URL);
  client.on('message', (_channel, text: string) => tell(text));
  await client.subscribe(CHANNEL);
} else {
  await openCache({ redisUrl: REDIS_URL, name: NAME, namespace: CHANNEL });
  subscribe('lockstep:applied', (message) => tell((message as Messages['applied']).entry.keys[0] ?? ''));
}
tell('ready');
process.on('disconnect', () => process.exit(0));
