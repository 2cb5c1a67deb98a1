import type { BusMessage } from './core/entry.ts';
import type { Partition } from './core/partition.ts';
import type { Lives } from './lives.ts';
import type { Settings } from './options.ts';
import type { Requests } from './requests.ts';
import type { Time } from './time.ts';

/** What the outside tells a cache. */
export interface PortEvents {
  /** The command connection was lost: whatever is in flight on it will not be believed. */
  closed(): void;
  /** The command connection serves, or the bus is subscribed (again): something may have been missed. */
  ready(): void;
  /** A message on the bus of one partition; null for one that is none of ours. */
  heard(partition: number, message: BusMessage | null): void;
  failed(what: string, error: Error): void;
}

/** The way to Redis: requests on a command connection, messages of a subscription. */
export interface Link {
  requests(partition: Partition): Requests;
  connect(): void;
  /** Requests are refused afterwards. */
  closeCommands(): Promise<void>;
  closeBus(): void;
}

/** The outside world of one cache. The product's is Redis and the process' clock, a simulation has its own. */
export interface Ports {
  readonly time: Time;
  /** In [0, 1). */
  readonly random: () => number;
  /** Never the same twice, in this process or another. */
  readonly nonce: () => string;
  link(settings: Settings, lives: Lives, events: PortEvents): Link;
}
