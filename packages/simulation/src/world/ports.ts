import type { Link, PortEvents, Ports } from '@lockstep/cache/ports';
import type { Requests } from '@lockstep/cache/requests';
import type { LocalTime } from '../time/local-time.ts';
import type { Random } from '../time/random.ts';
import { Connection, type Surroundings } from './connection.ts';
import { SimRequests } from './requests.ts';
import { Subscription } from './subscription.ts';
import type { Trace } from './trace.ts';

export interface PortsOptions {
  /** Name and start of the process; never the same twice. */
  readonly row: string;
  readonly around: Surroundings;
  readonly time: LocalTime;
  readonly random: Random;
  readonly trace: Trace | null;
  /** Test only: puts something in the way of the requests. */
  readonly disturb: ((requests: Requests, time: LocalTime) => Requests) | null;
}

/** The outside world of one cache in a simulated cluster. `end` is that of its process, without a word to anybody. */
export class SimPorts implements Ports {
  readonly time: LocalTime;
  readonly random: () => number;
  readonly nonce: () => string;
  readonly #options: PortsOptions;
  #connection: Connection | null = null;
  #subscription: Subscription | null = null;

  constructor(options: PortsOptions) {
    const { row, time, random } = options;
    let sendings = 0;
    this.#options = options;
    this.time = time;
    this.random = () => random.next();
    this.nonce = () => row + (sendings++).toString(36);
  }

  /** Its owner takes the ports apart, so it carries its object along. */
  readonly link = (_settings: unknown, _lives: unknown, events: PortEvents): Link => {
    const { around, row, trace, disturb } = this.#options;
    const connection = new Connection(around, events);
    const subscription = new Subscription(around, events);
    this.#connection = connection;
    this.#subscription = subscription;
    const sender = { row, connection, now: () => this.time.now(), nonce: this.nonce, trace };
    return {
      requests: (partition) => {
        const requests = new SimRequests(partition, sender);
        return disturb === null ? requests : disturb(requests, this.time);
      },
      connect: () => {
        connection.connect();
        subscription.connect();
      },
      closeCommands: async () => connection.end(),
      closeBus: () => subscription.end(),
    };
  };

  get connection(): Connection | null {
    return this.#connection;
  }

  get subscription(): Subscription | null {
    return this.#subscription;
  }

  end(): void {
    this.#connection?.cut();
    this.#connection?.end();
    this.#subscription?.end();
  }
}
