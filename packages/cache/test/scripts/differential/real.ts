import { once } from 'node:events';
import { Redis } from 'ioredis';
import { parseEntry, parseMessage } from '../../../src/core/entry.ts';
import { BEAT_PAGE, JOURNAL_LENGTH } from '../../../src/core/limits.ts';
import { Partition } from '../../../src/core/partition.ts';
import { LruStore } from '../../../src/l1/lru.ts';
import { Commands } from '../../../src/redis/commands.ts';
import { Connection } from '../../../src/redis/connection.ts';
import { partitionNames } from '../../../src/redis/names.ts';
import { SCRIPTS, type ScriptName } from '../../../src/redis/scripts.ts';
import type { Asked, State } from './asked.ts';
import { Comparable, LONG_AGO_MS } from './comparable.ts';
import {
  BEYOND_MS,
  type Fault,
  JOURNAL,
  KEYS,
  L2_TTL_MS,
  LEASE_MS,
  LOAD_LIMIT_MS,
  MARK_MS,
  PAGE,
  ROW_AGE_MS,
} from './steps.ts';

const names = partitionNames('differential', 0);
/** Nothing fails here by itself; a machine may stand still. */
const TIMEOUT_MS = 60_000;
/** Ends what was published in a run. */
const LAST = 'last';

/** The product's connection, on which the journal and its pages are short. */
class ShortConnection extends Connection {
  override run(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const shorter = args.map((arg) => (arg === JOURNAL_LENGTH ? JOURNAL : arg === BEAT_PAGE ? PAGE : arg));
    return super.run(name, keys, shorter);
  }
}

/** A Redis, asked through the product's own `Commands`. */
export class Real {
  comparable = new Comparable(0);
  readonly #redis: Redis;
  readonly #bus: Redis;
  readonly #connection: Connection;
  readonly #partitions: readonly Partition[];
  readonly #commands: readonly Commands[];
  #published: string[] = [];
  #nonce = '';

  static async open(url: string): Promise<Real> {
    const ready = Promise.withResolvers<void>();
    const connection = new ShortConnection(url, 'differential', TIMEOUT_MS, {
      ready: ready.resolve,
      closed: () => undefined,
      // It connects again, where a busy machine took too long for it.
      failed: () => undefined,
    });
    connection.connect();
    await ready.promise;
    const real = new Real(url, connection);
    await real.#bus.subscribe(names.bus);
    // One that Redis does not know is sent a second time, and not in its place.
    for (const { text } of Object.values(SCRIPTS)) await real.#redis.script('LOAD', text);
    return real;
  }

  private constructor(url: string, connection: Connection) {
    this.#connection = connection;
    this.#redis = new Redis(url);
    this.#bus = new Redis(url);
    this.#bus.on('message', (_channel, text: string) => this.#published.push(text));
    const l1 = new LruStore(1);
    this.#partitions = [0, 1].map((index) => new Partition({ index, stalenessMs: 1_000, l1 }));
    this.#commands = this.#partitions.map((partition, by) => this.#client(partition, by));
  }

  #client(partition: Partition, by: number): Commands {
    const settings = {
      replica: String(by),
      start: 'start',
      address: 'host',
      markMs: MARK_MS,
      l2TtlMs: L2_TTL_MS,
      loadLimitMs: LOAD_LIMIT_MS,
      beyondMarkMs: BEYOND_MS,
      leaseMs: LEASE_MS,
      rowAgeMs: ROW_AGE_MS,
    };
    return new Commands(
      this.#connection,
      partition,
      names,
      settings,
      () => 0,
      () => this.#nonce,
    );
  }

  /** Empty, and time begins. */
  async begin(): Promise<void> {
    await this.#redis.flushall();
    const [seconds, micros] = await this.#redis.time();
    this.comparable = new Comparable(Number(seconds) * 1_000 + Number(micros) / 1_000);
    this.#published = [];
  }

  async close(): Promise<void> {
    this.#bus.disconnect();
    this.#redis.disconnect();
    await this.#connection.close();
  }

  /** The reply as it is. */
  async ask(asked: Asked): Promise<object> {
    this.#nonce = asked.nonce;
    const partition = this.#partitions[asked.call.by] as Partition;
    partition.epoch = asked.own === '' ? null : asked.own;
    partition.applied = asked.clock;
    const { reply } = await this.#sent(this.#commands[asked.call.by] as Commands, asked);
    return reply;
  }

  #sent(commands: Commands, { call, epoch, own, key, lease, clock, named }: Asked): Promise<{ reply: object }> {
    switch (call.do) {
      case 'get':
        return new Promise((resolve) => commands.get(call.key, { got: (_sent, reply) => resolve({ reply }) }));
      case 'read':
        return commands.read(call.key);
      case 'lease':
        return commands.lease(call.key, call.token);
      case 'fill':
        return commands.fill(key, lease, call.ttlMs, 0, call.tags, 'v');
      case 'release':
        return commands.release(key, lease);
      case 'clock':
        return commands.clock();
      case 'probe':
        return commands.probe();
      case 'invalidate':
        return commands.invalidate(call, epoch === own ? undefined : epoch);
      case 'mark':
        return commands.mark(call.keys, call.writer, call.durationMs);
      case 'unmark':
        return commands.unmark(call.keys, call.writer, call.tags);
      case 'acks':
        return commands.acks(clock);
      case 'set':
        return commands.set(call.key, call.ttlMs, call.tags, 's');
      case 'beat':
        return commands.beat();
      case 'prove':
        return commands.prove(epoch, clock);
      case 'bless':
        return commands.bless(epoch, named);
      case 'renew':
        return commands.renew(epoch);
    }
  }

  async suffer(fault: Fault): Promise<void> {
    const redis = this.#redis;
    switch (fault.do) {
      case 'evict':
        await redis.del(names.key(fault.key));
        break;
      case 'promote':
        // What an actual promotion changes is the other side of the comparison.
        if (await redis.exists(names.meta)) await redis.hset(names.meta, 'id', 'master_replid:0000');
        break;
      case 'flushAll':
        await redis.flushall();
        break;
      case 'evictMeta':
        await redis.del(names.meta);
        break;
      case 'trimJournal':
        await redis.xtrim(names.journal, 'MAXLEN', 0);
        break;
      case 'endQuarantine':
        if (await redis.exists(names.meta)) await redis.hset(names.meta, 'since', LONG_AGO_MS);
        break;
      case 'ageTags':
        for (const tag of await redis.zrange(names.tagTimes, 0, '-1'))
          await redis.zadd(names.tagTimes, String(LONG_AGO_MS), tag);
        break;
      case 'ageRow': {
        const row = `${fault.by}.start`;
        const [epoch, applied, , name, host] = (await redis.hget(names.replicas, row))?.split(' ') ?? [];
        if (epoch) await redis.hset(names.replicas, row, `${epoch} ${applied} ${LONG_AGO_MS} ${name} ${host}`);
      }
    }
  }

  async state(): Promise<State> {
    const redis = this.#redis;
    const [meta, journal, stream, tags, tagTimes, replicas, marks, keys] = await Promise.all([
      redis.hgetall(names.meta),
      redis.xrange(names.journal, '-', '+'),
      redis.xinfo('STREAM', names.journal).catch((): unknown[] => []) as Promise<unknown[]>,
      redis.hgetall(names.tags),
      redis.zrange(names.tagTimes, 0, '-1', 'WITHSCORES'),
      redis.hgetall(names.replicas),
      redis.zrange(names.marks, 0, '-1', 'WITHSCORES'),
      redis.mget(KEYS.map((key) => names.key(key))),
    ]);
    const time = (text: string | undefined) => this.comparable.at(Number(text));
    const times = scores(tagTimes);
    const tagged = new Set([...Object.keys(tags), ...Object.keys(times)]);
    const lastId = stream[stream.indexOf('last-generated-id') + 1];
    return {
      meta: meta.epoch === undefined ? null : this.#meta(meta),
      lastId: lastId === undefined ? 0 : Number.parseInt(String(lastId), 10),
      journal: journal.map(([id, fields]) => {
        const entry = parseEntry(Number.parseInt(id, 10), fields[1] ?? '', Number(fields[3]));
        return entry ? this.comparable.entry(entry) : { id, fields };
      }),
      tags: Object.fromEntries([...tagged].map((tag) => [tag, [Number(tags[tag]), time(times[tag])]])),
      replicas: Object.fromEntries(
        Object.entries(replicas).map(([name, row]) => {
          const [epoch, applied, at] = row.split(' ');
          return [name, [epoch, Number(applied), time(at)]];
        }),
      ),
      marks: Object.fromEntries(
        Object.entries(scores(marks)).map(([name, at]) => [
          KEYS.find((key) => names.key(key) === name) ?? name,
          time(at),
        ]),
      ),
      keys: keys.map((text) => this.comparable.text(text)),
      published: await this.#heard(),
    };
  }

  #meta(meta: Record<string, string>): object {
    const number = (name: string) => Number(meta[name] ?? 0);
    return {
      epoch: meta.epoch,
      clock: number('clock'),
      base: number('base'),
      since: this.comparable.at(number('since')),
      past: meta.past,
      previous: meta.previous,
      blessed: meta.blessed ?? '',
      probe: number('probe'),
      proved: number('proved'),
      longestMark: number('longestMark'),
      longestTtl: number('longestTtl'),
      floor: number('floor'),
    };
  }

  /** All that was published before now. */
  async #heard(): Promise<unknown[]> {
    await this.#redis.publish(names.bus, LAST);
    while (this.#published.at(-1) !== LAST) await once(this.#bus, 'message');
    return this.#published
      .splice(0)
      .slice(0, -1)
      .map((text) => this.comparable.message(parseMessage(text)));
  }
}

/** member -> score */
function scores(flat: readonly string[]): Record<string, string> {
  const made: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) made[flat[i] ?? ''] = flat[i + 1] ?? '';
  return made;
}
