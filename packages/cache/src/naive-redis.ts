import { Redis } from 'ioredis';
import { isStrings } from './core/stored.ts';

/** Redis as the textbook cache uses it: two clients that reconnect and resubscribe by themselves. See naive.ts. */
export interface NaiveRedisOptions {
  readonly redisUrl: string;
  readonly busUrl: string;
  readonly name: string;
  readonly namespace: string;
  readonly l2TtlMs: number;
  /** How long a key outlives its tag's last fill in L1s: its tag must still know it then. */
  readonly tagTtlMs: number;
  /** A Redis that is stopped never answers: readers go to the origin after this long. */
  readonly commandTimeoutMs: number;
}

export interface NaiveEvents {
  invalidated(keys: readonly string[]): void;
  /** Called once: both clients have connected for the first time. */
  ready(): void;
  failed(what: string, error: Error): void;
}

export interface NaiveStored {
  readonly value: unknown;
  readonly tags: readonly string[];
  /** Wall clock: a label for `ageMs`, nothing is decided by it. */
  readonly loadedAt: number;
}

const CONNECT_TIMEOUT_MS = 1_000;
/** Keys in one DEL and one message; the members of a tag may be many. */
const KEYS_AT_ONCE = 500;

export class NaiveRedis {
  readonly #commands: Redis;
  readonly #subscriber: Redis;
  readonly #options: NaiveRedisOptions;
  readonly #events: NaiveEvents;
  readonly #channel: string;
  /** Commands that have to precede `ready`: the first connection of one client, the subscription of the other. */
  #missing = 2;

  constructor(options: NaiveRedisOptions, events: NaiveEvents) {
    this.#options = options;
    this.#events = events;
    this.#channel = `${options.namespace}:naive:bus`;
    this.#commands = new Redis(options.redisUrl, {
      connectionName: `lockstep:${options.name}:command`,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: options.commandTimeoutMs,
      // While Redis is gone a read shall go to the origin at once, not wait in a queue.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    this.#subscriber = new Redis(options.busUrl, {
      connectionName: `lockstep:${options.name}:bus`,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Done below: nobody catches what ioredis' own resubscription throws when the connection closes under it, and that
      // would end the process.
      autoResubscribe: false,
      maxRetriesPerRequest: null,
    });
    const failed = (what: string) => (error: Error) => events.failed(what, error);
    this.#commands.on('error', failed('the command connection'));
    this.#subscriber.on('error', failed('the bus'));
    this.#subscriber.on('message', (_channel: string, text: string) => this.#heard(text));
    this.#commands.once('ready', () => this.#arrived());
    let first = true;
    this.#subscriber.on('ready', () => {
      this.#subscriber.subscribe(this.#channel).then(() => {
        if (first) this.#arrived();
        first = false;
      }, failed('SUBSCRIBE'));
    });
  }

  async get(key: string): Promise<NaiveStored | undefined> {
    return decode(await this.#commands.get(this.#keyName(key)));
  }

  /** With the rest of its life, for those who look. */
  async peek(key: string): Promise<{ stored: NaiveStored; expiresInMs: number } | undefined> {
    const name = this.#keyName(key);
    const [text, expiresInMs] = await Promise.all([this.#commands.get(name), this.#commands.pttl(name)]);
    const stored = decode(text);
    return stored && { stored, expiresInMs: Math.max(0, expiresInMs) };
  }

  async set(key: string, stored: NaiveStored): Promise<void> {
    const batch = this.#commands.multi().set(this.#keyName(key), JSON.stringify(stored), 'PX', this.#options.l2TtlMs);
    for (const tag of stored.tags) {
      batch.sadd(this.#tagName(tag), key).pexpire(this.#tagName(tag), this.#options.tagTtlMs);
    }
    await batch.exec();
  }

  /** The keys that were filled with one of these tags. */
  async tagged(tags: readonly string[]): Promise<string[]> {
    if (tags.length === 0) return [];
    return this.#commands.sunion(tags.map((tag) => this.#tagName(tag)));
  }

  /** DEL, then PUBLISH. */
  async invalidate(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
      const some = keys.slice(from, from + KEYS_AT_ONCE);
      await this.#commands
        .multi()
        .del(some.map((key) => this.#keyName(key)))
        .publish(this.#channel, JSON.stringify(some))
        .exec();
    }
  }

  async close(): Promise<void> {
    this.#subscriber.disconnect();
    if (this.#commands.status === 'ready') await this.#commands.quit().catch(() => undefined);
    this.#commands.disconnect();
  }

  #keyName(key: string): string {
    return `${this.#options.namespace}:naive:key:${key}`;
  }

  #tagName(tag: string): string {
    return `${this.#options.namespace}:naive:tag:${tag}`;
  }

  #arrived(): void {
    this.#missing--;
    if (this.#missing === 0) this.#events.ready();
  }

  #heard(text: string): void {
    const keys = parse(text);
    if (isStrings(keys)) this.#events.invalidated(keys);
    else this.#events.failed('the bus', new Error(`a message of ${text.length} characters is none of ours`));
  }
}

/** Undefined for what is absent and for what is not ours. */
function decode(text: string | null): NaiveStored | undefined {
  const parsed = text === null ? undefined : (parse(text) as Partial<NaiveStored> | null | undefined);
  if (typeof parsed?.loadedAt !== 'number' || !isStrings(parsed.tags)) return undefined;
  return { value: parsed.value, tags: parsed.tags, loadedAt: parsed.loadedAt };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
