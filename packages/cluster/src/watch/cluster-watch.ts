import type { Cluster } from '../cluster.ts';
import { ClusterError, hasCode, reasonOf } from '../errors.ts';
import { waited } from '../probe.ts';
import type { ReplicaStatus, Status } from '../status.ts';
import { Events } from './events.ts';
import { ReplicaWatch } from './replica-watch.ts';
import type { ReplicaView, View, WatchEvent } from './view.ts';
import { lagOf, totalOf } from './windows.ts';

/** How often the launcher is asked who is there, ms. */
const MEMBERS_MS = 1_000;
/** Times in a row that it may fail to say so. */
const FAILURES_MOST = 5;

/** Follows a running cluster: replicas come and go with the launcher's status, and each is heard directly. */
export class ClusterWatch {
  readonly #cluster: Pick<Cluster, 'url' | 'status'>;
  readonly #replicas = new Map<string, ReplicaWatch>();
  readonly #events = new Events();
  readonly #tell = (who: string, kind: WatchEvent['kind'], text: string) =>
    this.#events.add(Date.now(), who, kind, text);
  #status: Status | null = null;

  constructor(cluster: Pick<Cluster, 'url' | 'status'>) {
    this.#cluster = cluster;
  }

  /** Follows it until the signal aborts; rejects with `E_CLUSTER_NONE` when the cluster ends. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    try {
      while (!signal.aborted) {
        try {
          this.#members(await this.#cluster.status());
          failures = 0;
        } catch (error) {
          if (hasCode(error, 'ENOENT', 'ECONNREFUSED', 'E_CLUSTER_STOPPED') || ++failures >= FAILURES_MOST) {
            throw new ClusterError('E_CLUSTER_NONE', `the cluster at ${this.#cluster.url} has ended`, { cause: error });
          }
          this.#tell('cluster', 'trouble', `the launcher does not say who is there: ${reasonOf(error)}`);
        }
        await waited(MEMBERS_MS, signal).catch(() => undefined);
      }
    } finally {
      for (const replica of this.#replicas.values()) replica.close();
    }
  }

  /** Null before the launcher has answered. */
  view(): View | null {
    const status = this.#status;
    if (status === null) return null;
    const replicas = status.replicas.map((replica) => this.#viewOf(replica));
    const lags = [...this.#replicas.values()].flatMap((replica) => replica.lags());
    return {
      at: Date.now(),
      url: status.url,
      settings: status.settings,
      replicas,
      rates: totalOf(replicas.flatMap(({ rates }) => (rates === null ? [] : [rates]))),
      lag: lagOf(lags),
      events: this.#events.kept,
    };
  }

  /** Events since it was last asked for. */
  takeFresh(): readonly WatchEvent[] {
    return this.#events.takeFresh();
  }

  #viewOf({ name, state }: ReplicaStatus): ReplicaView {
    const watch = this.#replicas.get(name);
    if (watch !== undefined) return watch.view(state === 'down' ? 'down' : 'silent');
    const unknown = { trust: null, applied: null, l1: null, loopDelayMs: null, rates: null, lag: null };
    return { name, state, quarantineMs: 0, ...unknown };
  }

  #members(status: Status): void {
    const first = this.#status === null;
    this.#status = status;
    for (const [name, replica] of this.#replicas) {
      if (status.replicas.some((one) => one.name === name && one.internal === replica.internal)) continue;
      replica.close();
      this.#replicas.delete(name);
      this.#tell(name, 'left', 'left the cluster');
    }
    for (const { name, internal } of status.replicas) {
      // Under compose private listeners are out of reach: such a replica has nothing but the launcher's word.
      if (internal === null || this.#replicas.has(name)) continue;
      if (!first) this.#tell(name, 'joined', 'joined the cluster');
      this.#replicas.set(name, new ReplicaWatch(name, internal, this.#tell));
    }
  }
}
