import type { Socket } from 'node:net';
import type { LocalCluster } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { CONTROL_ORDERS, CONTROL_UNREAD_BYTES } from '../limits.ts';
import type { Report } from '../report.ts';
import { Breakage, type Breakages } from './breakage.ts';
import { onLines } from './lines.ts';
import { type Order, parseSessionOrder, type Reply, refusalOf } from './wire.ts';

/**
 * One client's session, as the launcher sees it: obeys its orders, several at a time, and undoes what it has broken when
 * the connection ends, whoever ends it.
 */
export class Session {
  readonly ended: Promise<void>;
  readonly #cluster: LocalCluster;
  readonly #socket: Socket;
  readonly #breakage: Breakage;
  #orders = 0;

  constructor(cluster: LocalCluster, socket: Socket, breakages: Breakages, report: Report) {
    this.#cluster = cluster;
    this.#socket = socket;
    this.#breakage = new Breakage(cluster, breakages);
    onLines(socket, (line) => void this.#heard(line));
    socket.on('end', () => socket.destroy());
    const closed = new Promise<void>((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
    });
    this.ended = closed.then(async () => {
      for (const problem of await this.#breakage.end()) report(`what a client had broken is not undone: ${problem}`);
    });
  }

  /** Ends it; resolves when all is undone. */
  end(): Promise<void> {
    this.#socket.destroy();
    return this.ended;
  }

  async #heard(line: string): Promise<void> {
    let read: ReturnType<typeof parseSessionOrder>;
    try {
      read = parseSessionOrder(line);
    } catch {
      // Without an id there is nothing to reply to.
      this.#socket.destroy();
      return;
    }
    this.#reply(read.id, await this.#obeyed(read.order));
  }

  async #obeyed(order: () => Order): Promise<Reply> {
    if (this.#orders >= CONTROL_ORDERS) {
      return refusalOf(new ClusterError('E_CLUSTER_BUSY', `${this.#orders} orders are being obeyed: wait for them`));
    }
    this.#orders++;
    try {
      return { ok: true, value: (await this.#obey(order())) ?? null };
    } catch (error) {
      return refusalOf(error);
    } finally {
      this.#orders--;
    }
  }

  #obey(order: Order): Promise<unknown> {
    switch (order.command) {
      case 'status':
        return this.#cluster.status();
      case 'scale':
        return this.#cluster.scale(order.replicas);
      case 'restart':
        return this.#cluster.restart(order.name, order.options);
      case 'stop':
      case 'session':
        throw new ClusterError('E_CLUSTER_CONTROL', `${order.command} is no order of a session`);
      default:
        return this.#breakage.obey(order);
    }
  }

  #reply(id: number, reply: Reply): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(`${JSON.stringify({ id, ...reply })}\n`);
    // One that gives orders and does not read what comes of them.
    if (this.#socket.writableLength > CONTROL_UNREAD_BYTES) this.#socket.destroy();
  }
}
