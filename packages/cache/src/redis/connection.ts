import { Redis, type RedisOptions } from 'ioredis';
import { SCRIPTS, type ScriptName } from './scripts.ts';

/**
 * The command connection: one socket to Redis at a time, numbered, on which nothing is queued and nothing is resent.
 *
 * A command that waits in a queue, or is sent again by itself, runs at a time its caller does not know; the protocol
 * reasons from when a request was sent. So what cannot be written now fails now, and `closed` tells the caller that
 * answers of the former socket are void.
 *
 * `silent` is set when a command has timed out and nothing has been answered since: readers then go to the origin at
 * once instead of each waiting for a timeout. Beats still go out; the first answer clears it.
 */
export interface ConnectionEvents {
  closed(): void;
  ready(): void;
  failed(error: Error): void;
}

/** Errors after which this socket speaks to a server that may not execute writes: reconnect. */
const WRONG_SERVER = /^(READONLY|NOREPLICAS|MOVED|ASK|LOADING|MASTERDOWN|CLUSTERDOWN|UNKILLABLE)\b/;
const CONNECT_TIMEOUT_MS = 1_000;
const RETRY_MAX_MS = 250;

export function redisOptions(name: string, timeoutMs: number): RedisOptions & { replyMapping: 'legacy' } {
  return {
    replyMapping: 'legacy',
    lazyConnect: true,
    connectionName: name,
    disableClientInfo: true,
    connectTimeout: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
    // A Redis that is stopped, or a link that forwards nothing, never answers and never closes.
    commandTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disconnectTimeout: 100,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(25 * 2 ** Math.min(attempt, 4), RETRY_MAX_MS),
  };
}

export class Connection {
  readonly #client: Redis;
  readonly #events: ConnectionEvents;
  #silent = false;

  constructor(url: string, name: string, timeoutMs: number, events: ConnectionEvents) {
    this.#events = events;
    this.#client = new Redis(url, redisOptions(name, timeoutMs));
    this.#client.on('close', () => events.closed());
    this.#client.on('ready', () => {
      this.#silent = false;
      events.ready();
    });
    this.#client.on('error', (error: Error) => events.failed(error));
  }

  connect(): void {
    // Its failure is reported by `error` and retried by the strategy.
    this.#client.connect().catch(() => undefined);
  }

  /** False while there is no point in asking. */
  get usable(): boolean {
    return this.#client.status === 'ready' && !this.#silent;
  }

  get ready(): boolean {
    return this.#client.status === 'ready';
  }

  async mget(keys: readonly string[]): Promise<(string | null)[]> {
    try {
      const texts = await this.#client.mget([...keys]);
      this.#silent = false;
      return texts;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async run(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const script = SCRIPTS[name];
    try {
      const reply = await this.#client.evalsha(script.sha, keys.length, ...keys, ...args);
      this.#silent = false;
      return reply;
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw this.#failed(error);
    }
    // Sent again once, as nothing ran.
    try {
      const reply = await this.#client.eval(script.text, keys.length, ...keys, ...args);
      this.#silent = false;
      return reply;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async close(): Promise<void> {
    if (this.#client.status !== 'ready') {
      this.#client.disconnect();
      return;
    }
    await this.#client.quit().catch(() => this.#client.disconnect());
  }

  #failed(thrown: unknown): Error {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (error.message === 'Command timed out') this.#silent = true;
    if (WRONG_SERVER.test(error.message)) {
      this.#events.failed(error);
      this.#client.disconnect(true);
    }
    return error;
  }
}
