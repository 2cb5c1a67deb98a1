import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { test as base } from 'vitest';
import { partitionNames } from '../../src/redis/names.ts';
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.ts';
import { startRedis } from '../redis.ts';

/** A test that is given a Redis, one for all of a file, and the scripts of a namespace of its own, attached. */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which other fixtures are wanted.
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }) => {
    const server = await startRedis();
    onCleanup(server.stop);
    return server.client;
  })
  .extend('scripts', async ({ redis }) => {
    const scripts = new Scripts(redis, randomUUID());
    await scripts.attach();
    return scripts;
  });

/** A machine may stand still for a second or two: no mark, lease or quarantine ends in a test by itself. */
export const MARK_MS = 30_000;
/** What the quarantine adds to the longest mark; below it, it ends before the epoch begins: none. */
const NO_QUARANTINE = -MARK_MS - 1;
/** What the quarantine adds to the longest mark, where it counts. */
export const BEYOND_MS = 10_000;
const PAGE = 3;
const LEASE_MS = 30_000;

/** The scripts of one namespace, called as the cache calls them, with every argument in the test's hand. */
export class Scripts {
  readonly names;
  epoch = '';
  journal = 100;
  #client: Redis;
  #nonces = 0;

  constructor(client: Redis, namespace: string) {
    this.#client = client;
    this.names = partitionNames(namespace, 0);
  }

  /** The raw answer, under the epoch given or the present one. */
  async run(script: ScriptName, keys: string[], args: (string | number)[], epoch = this.epoch): Promise<unknown[]> {
    const common = [epoch, `nonce${this.#nonces++}`, MARK_MS];
    return (await this.#client.eval(SCRIPTS[script].text, keys.length, ...keys, ...common, ...args)) as unknown[];
  }

  /** Takes the present epoch, as a newcomer does. */
  async attach(): Promise<string> {
    const [, epoch] = await this.clock('');
    this.epoch = String(epoch);
    return this.epoch;
  }

  /** The clock that stands in Redis. */
  async clockNow(): Promise<number> {
    return Number(await this.#client.hget(this.names.meta, 'clock'));
  }

  /** The writers in the mark of a key. */
  async writers(key: string): Promise<(string | undefined)[]> {
    const text = (await this.#client.get(this.names.key(key))) ?? '';
    const words = text.split(' ').slice(1);
    return words.map((word) => word.split(':')[0]);
  }

  /** Ends the present epoch and takes the next one. */
  async endEpoch(): Promise<string> {
    await this.#client.hset(this.names.meta, 'id', 'master_replid:0000');
    return this.attach();
  }

  /** What is published from here on. */
  async listen(): Promise<{ messages: string[]; end: () => void }> {
    const messages: string[] = [];
    const subscriber = this.#client.duplicate();
    subscriber.on('message', (_channel, text) => messages.push(text));
    await subscriber.subscribe(this.names.bus);
    return { messages, end: () => subscriber.disconnect() };
  }

  clock(epoch = this.epoch): Promise<unknown[]> {
    return this.run('clock', [this.names.meta, this.names.journal], [], epoch);
  }

  read(key: string): Promise<unknown[]> {
    const { meta, journal, tags } = this.names;
    return this.run('read', [meta, journal, tags, this.names.key(key)], []);
  }

  lease(key: string, token: string, beyondMarkMs = NO_QUARANTINE, lifeMs = LEASE_MS): Promise<unknown[]> {
    const { meta, journal, tags } = this.names;
    return this.run('lease', [meta, journal, tags, this.names.key(key)], [token, lifeMs, beyondMarkMs]);
  }

  fill(key: string, token: string, f: number, tags: string[] = [], epoch = this.epoch, ttlMs = 60_000) {
    const { meta, journal, bus } = this.names;
    const args = [bus, token, f, ttlMs, 0, 10, JSON.stringify(tags), JSON.stringify(key), '"value"'];
    return this.run('fill', [meta, journal, this.names.key(key)], args, epoch);
  }

  release(key: string, token: string): Promise<unknown[]> {
    const { meta, journal, bus } = this.names;
    return this.run('release', [meta, journal, this.names.key(key)], [bus, token, JSON.stringify(key)]);
  }

  invalidate(keys: string[], tags: string[] = []): Promise<unknown[]> {
    const { meta, journal, tags: tagKey, tagTimes, bus } = this.names;
    const args = [bus, this.journal, JSON.stringify([keys, tags]), ...tags];
    return this.run('invalidate', [meta, journal, tagKey, tagTimes, ...keys.map(this.names.key)], args);
  }

  mark(keys: string[], writer: string, durationMs = MARK_MS, leaseMs = 0): Promise<unknown[]> {
    const { meta, journal, tags, tagTimes, marks, replicas, bus } = this.names;
    const args = [bus, this.journal, JSON.stringify([keys, []]), writer, durationMs, leaseMs, BEYOND_MS];
    return this.run('mark', [meta, journal, tags, tagTimes, marks, replicas, ...keys.map(this.names.key)], args);
  }

  unmark(keys: string[], writer: string, tags: string[] = [], leaseMs = 0): Promise<unknown[]> {
    const { meta, journal, tags: tagKey, tagTimes, marks, replicas, bus } = this.names;
    const named = [meta, journal, tagKey, tagTimes, marks, replicas, ...keys.map(this.names.key)];
    const names = keys.map((key) => JSON.stringify(key));
    const args = [bus, this.journal, JSON.stringify(tags), writer, leaseMs, BEYOND_MS, ...names, ...tags];
    return this.run('unmark', named, args);
  }

  acks(clock: number, leaseMs: number): Promise<unknown[]> {
    const { meta, journal, replicas } = this.names;
    return this.run('acks', [meta, journal, replicas], [clock, leaseMs, BEYOND_MS]);
  }

  set(key: string, tags: string[] = [], ttlMs = 60_000): Promise<unknown[]> {
    const { meta, journal, tags: tagKey, tagTimes, bus } = this.names;
    const args = [bus, this.journal, JSON.stringify([[key], []]), ttlMs, 0, JSON.stringify(tags), '"set"'];
    return this.run('set', [meta, journal, tagKey, tagTimes, this.names.key(key)], args);
  }

  probe(): Promise<unknown[]> {
    return this.run('probe', [this.names.meta, this.names.journal], [BEYOND_MS]);
  }

  prove(probe: number): Promise<unknown[]> {
    return this.run('prove', [this.names.meta, this.names.journal], [probe]);
  }

  bless(epoch: string): Promise<unknown[]> {
    return this.run('bless', [this.names.meta, this.names.journal], [epoch, BEYOND_MS]);
  }

  /** The quarantine of the present epoch is over. */
  async endQuarantine(): Promise<void> {
    await this.#client.hset(this.names.meta, 'since', 1);
  }

  beat(applied: number, { name = 'api-1', rowAgeMs = 60_000, longestTtlMs = 60_000 } = {}): Promise<unknown[]> {
    const { meta, journal, tags, tagTimes, replicas, marks } = this.names;
    const args = [`${name}.start`, applied, name, 'host', rowAgeMs, PAGE, longestTtlMs];
    return this.run('beat', [meta, journal, tags, tagTimes, replicas, marks], args);
  }

  /** A new epoch in place of `offered`. */
  renew(offered: string, own: string): Promise<unknown[]> {
    return this.run('renew', [this.names.meta, this.names.journal], [own], offered);
  }
}
