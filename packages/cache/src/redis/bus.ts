import { Redis } from 'ioredis';
import { redisOptions } from './connection.ts';

/**
 * The bus: a subscription that carries invalidations fast and proves nothing. Lost, late, half-open or cut, it costs
 * latency: the beat pulls what is missing. It subscribes by itself, listener first, as an automatic resubscription is
 * neither awaited nor reported when it fails.
 */
export interface BusEvents {
  message(channel: string, text: string): void;
  /** Subscribed, again perhaps: what was published meanwhile is missing. */
  subscribed(): void;
  failed(error: Error): void;
}

export class Bus {
  readonly #client: Redis;
  #subscribed = false;
  #ping: NodeJS.Timeout | undefined;

  constructor(url: string, name: string, channels: readonly string[], timeoutMs: number, events: BusEvents) {
    this.#client = new Redis(url, redisOptions(name, timeoutMs));
    this.#client.on('message', (channel: string, text: string) => events.message(channel, text));
    this.#client.on('error', (error: Error) => events.failed(error));
    this.#client.on('close', () => {
      this.#subscribed = false;
      clearInterval(this.#ping);
    });
    this.#client.on('ready', () => {
      this.#client.subscribe(...channels).then(
        () => {
          this.#subscribed = true;
          clearInterval(this.#ping);
          // A subscription has nothing to send, so nothing notices a half-open link: ask, and let the timeout close it.
          this.#ping = setInterval(() => {
            this.#client.ping().catch(() => undefined);
          }, timeoutMs);
          this.#ping.unref();
          events.subscribed();
        },
        (error: unknown) => {
          events.failed(error instanceof Error ? error : new Error(String(error)));
          this.#client.disconnect(true);
        },
      );
    });
  }

  get subscribed(): boolean {
    return this.#subscribed;
  }

  connect(): void {
    this.#client.connect().catch(() => undefined);
  }

  close(): void {
    clearInterval(this.#ping);
    this.#client.disconnect();
  }
}
