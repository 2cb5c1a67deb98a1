import type { BusMessage } from '@lockstep/cache/core/entry';
import type { PortEvents } from '@lockstep/cache/ports';
import type { Surroundings } from './connection.ts';
import type { RedisServer } from './redis.ts';

const RETRY_MS = 25;

/** The bus of one cache: what is published where it is subscribed arrives in order and at most once, or never. */
export class Subscription {
  readonly #around: Surroundings;
  readonly #events: PortEvents;
  #server: RedisServer | null = null;
  #arrivesAt = 0;
  #cutAt = Number.POSITIVE_INFINITY;
  #connections = 0;
  #closing = false;

  constructor(around: Surroundings, events: PortEvents) {
    this.#around = around;
    this.#events = events;
  }

  connect(): void {
    this.#reconnect(2 * this.#around.network.latency());
  }

  deliver(partition: number, message: BusMessage): void {
    const { agenda, actor, network } = this.#around;
    if (network.busLoses()) return;
    const at = Math.max(this.#arrivesAt, agenda.now + network.latency() + network.busLagMs);
    const connection = this.#connections;
    this.#arrivesAt = at;
    agenda.turn(actor, at, () => {
      // What was on its way when the socket was closed is gone.
      if (connection === this.#connections || at <= this.#cutAt) this.#events.heard(partition, message);
    });
  }

  cut(): void {
    if (this.#server === null) return;
    this.#server.subscriptions.delete(this);
    this.#server = null;
    this.#connections++;
    this.#cutAt = this.#around.agenda.now;
    this.#reconnect(RETRY_MS);
  }

  end(): void {
    this.#closing = true;
    this.#server?.subscriptions.delete(this);
    this.#server = null;
  }

  #reconnect(ms: number): void {
    const { agenda, actor } = this.#around;
    agenda.turn(actor, agenda.now + ms, () => this.#connected());
  }

  #connected(): void {
    if (this.#closing) return;
    const { network } = this.#around;
    const server = this.#around.address();
    if (server.down || network.busLost) {
      this.#reconnect(RETRY_MS);
      return;
    }
    this.#server = server;
    this.#arrivesAt = 0;
    server.subscriptions.add(this);
    this.#events.ready();
  }
}
