import type { Fault } from './link/fault.ts';
import type { Link } from './link/link.ts';
import type { RestartOptions } from './options.ts';
import type { ReplicaSignal } from './processes/replica-signal.ts';
import type { Settings, Status } from './status.ts';

/**
 * A running cluster, whatever runs it: processes on this machine, or containers, whose pids, and URLs that are not
 * published, are null in the status.
 */
export interface Cluster {
  /** nginx: the only way in that clients use. */
  readonly url: string;
  status(): Promise<Status>;
  /** Starts replicas, or drains those with the highest numbers; returns when every one is ready or gone. */
  scale(replicas: number): Promise<Status>;
  /**
   * Ends a replica, `redis`, `postgres` or `nginx` and starts it again with its data on the same ports; returns when it
   * serves, Redis when the quarantine that follows is over as well.
   */
  restart(name: string, options?: RestartOptions): Promise<Status>;
  /** The link between a replica and what it uses, if the cluster was started with links. */
  link(replica: string, role: LinkRole): Link;
  /** Ends everything, within 3 s, and removes what was temporary. Any other order under way fails. */
  stop(): Promise<void>;
}

/** A cluster whose processes are children of this one, which can therefore break them in more ways. */
export interface LocalCluster extends Cluster {
  /** Every link of every replica; none when the cluster was started without links. */
  links(): LinkStatus[];
  /**
   * Sends a replica's process a signal. One that stands still is `paused` in the status until it goes on or ends; one
   * that is killed is started again after a second, as one that dies unasked.
   */
  signal(replica: string, signal: ReplicaSignal): Promise<void>;
  /**
   * Has the replicas speak another protocol: restarts one after the other, and returns when all are ready and L1
   * serves. The status names the new one from the beginning; what starts meanwhile speaks it.
   */
  protocol(protocol: Settings['protocol']): Promise<Status>;
}

/** What a replica uses a connection for: commands to Redis, the subscription to Redis, Postgres. */
export type LinkRole = 'command' | 'bus' | 'origin';

/** A link as it is now. */
export interface LinkStatus {
  readonly replica: string;
  readonly role: LinkRole;
  readonly fault: Fault | null;
  readonly connections: number;
  /** Messages to a subscription that it has lost so far. */
  readonly lost: number;
}
