import type { Link } from './link/link.ts';
import type { RestartOptions } from './options.ts';
import type { Status } from './status.ts';

/**
 * A running cluster, whatever runs it: processes on this machine today. Containers may come to implement the same;
 * then pids, and URLs that are not published, are null in the status.
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

/** What a replica uses a connection for: commands to Redis, the subscription to Redis, Postgres. */
export type LinkRole = 'command' | 'bus' | 'origin';
