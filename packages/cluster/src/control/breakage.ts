import type { LocalCluster } from '../cluster.ts';
import { ClusterError, hasCode, reasonOf, UsageError } from '../errors.ts';
import type { Settings } from '../status.ts';
import type { FaultOrder } from './wire.ts';

/** Something that is broken: by whom, and how it is undone. */
interface Broken {
  readonly by: Breakage;
  readonly undo: () => Promise<unknown>;
}

/** What is broken in a cluster, by the name of the thing: of two clients who break the same, it is the second one's. */
export type Breakages = Map<string, Broken>;

/**
 * What one client has broken, and how to undo it. When the client ends, however it ends, all of it is undone: a console
 * that was killed must not leave a black hole behind.
 */
export class Breakage {
  readonly #cluster: LocalCluster;
  readonly #all: Breakages;
  #ended = false;

  constructor(cluster: LocalCluster, all: Breakages) {
    this.#cluster = cluster;
    this.#all = all;
  }

  async obey(order: FaultOrder): Promise<unknown> {
    switch (order.command) {
      case 'links':
        return this.#cluster.links();
      case 'link':
        return this.#link(order);
      case 'signal':
        return this.#signal(order);
      case 'protocol':
        return this.#protocol(order.protocol);
    }
  }

  /** Undoes all that is still this client's, at once; answers what could not be undone. */
  async end(): Promise<string[]> {
    this.#ended = true;
    const mine = [...this.#all].filter(([, { by }]) => by === this);
    for (const [name] of mine) this.#all.delete(name);
    const settled = await Promise.allSettled(mine.map(([, { undo }]) => undo()));
    const failed = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    return failed.filter((reason) => !isMoot(reason)).map(reasonOf);
  }

  async #link({ replica, role, fault }: Extract<FaultOrder, { command: 'link' }>): Promise<void> {
    const link = this.#cluster.link(replica, role);
    const name = `link ${replica} ${role}`;
    if (fault === null) {
      this.#all.delete(name);
      return link.heal();
    }
    if (fault.kind === 'lose' && role !== 'bus') {
      throw new UsageError([`messages can be lost on the bus only, not on the ${role} link`]);
    }
    await this.#break(
      name,
      () => link.fail(fault),
      () => link.heal(),
    );
  }

  async #signal({ replica, signal }: Extract<FaultOrder, { command: 'signal' }>): Promise<void> {
    const name = `process ${replica}`;
    const send = () => this.#cluster.signal(replica, signal);
    if (signal === 'SIGSTOP') return this.#break(name, send, () => this.#cluster.signal(replica, 'SIGCONT'));
    this.#all.delete(name);
    return send();
  }

  async #protocol(protocol: Settings['protocol']): Promise<unknown> {
    const { settings } = await this.#cluster.status();
    // Undone to what it was before anybody changed it, also when it is changed twice.
    const undo = this.#all.get('protocol')?.undo ?? (() => this.#cluster.protocol(settings.protocol));
    return this.#break('protocol', () => this.#cluster.protocol(protocol), undo);
  }

  /**
   * Remembered before it is done. 1: an order is being obeyed. 2: the client ends, and what it has broken is undone: a
   * link, a process and the replicas each obey one order after the other, so that the undoing is the last.
   */
  #break<T>(name: string, work: () => Promise<T>, undo: Broken['undo']): Promise<T> {
    if (this.#ended) throw new ClusterError('E_CLUSTER_CONTROL', 'the session is over');
    this.#all.set(name, { by: this, undo });
    return work();
  }
}

/** True when what was broken is gone itself: nothing is left to undo. */
function isMoot(reason: unknown): boolean {
  return hasCode(reason, 'E_CLUSTER_NO_MEMBER', 'E_CLUSTER_STOPPED');
}
