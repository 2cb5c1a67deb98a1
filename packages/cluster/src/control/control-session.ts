import type { Socket } from 'node:net';
import type { LinkRole, LinkStatus } from '../cluster.ts';
import { ClusterError, hasCode, reasonOf } from '../errors.ts';
import { CONTROL_ANSWER_MS, CONTROL_WATCH_MS } from '../limits.ts';
import type { Fault } from '../link/fault.ts';
import type { RestartOptions } from '../options.ts';
import { waited } from '../probe.ts';
import type { ReplicaSignal } from '../processes/replica-signal.ts';
import type { Settings, Status } from '../status.ts';
import { connected } from './connected.ts';
import { onLines, readLine } from './lines.ts';
import { parseReply, parseSessionReply } from './wire.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Takes part in a running cluster over its launcher's control socket (`CONTROL_SOCKET` of a console). Fails with
 * `E_CLUSTER_NONE` when nobody listens there, with `E_CLUSTER_BACKEND` when that cluster cannot be broken from without.
 */
export async function connectCluster(path: string): Promise<ControlSession> {
  let socket: Socket;
  try {
    socket = await connected(path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ECONNREFUSED')) throw error;
    throw new ClusterError('E_CLUSTER_NONE', `no launcher listens on ${path}`, { cause: error });
  }
  socket.on('error', () => undefined);
  try {
    socket.write('{"command":"session"}\n');
    const { url } = parseReply(await readLine(socket)) as { url: string };
    return new ControlSession(url, socket);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * A session with a launcher: orders may overlap, and each is a promise of its result. What was set by `link`, `signal`
 * and `protocol` is undone by the launcher when the session ends, by `close` or by the end of this process.
 */
export class ControlSession {
  /** nginx' URL. */
  readonly url: string;
  /** Resolves when the session has ended: the launcher is gone, or `close` was called. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #end = new AbortController();
  #ids = 0;

  constructor(url: string, socket: Socket) {
    this.url = url;
    this.#socket = socket;
    onLines(socket, (line) => this.#heard(line));
    socket.on('end', () => socket.destroy());
    this.closed = new Promise((resolve) => {
      const ended = () => {
        this.#end.abort(new ClusterError('E_CLUSTER_CONTROL', 'the session with the launcher is over'));
        for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(this.#end.signal.reason);
        resolve();
      };
      if (socket.closed) ended();
      else socket.once('close', ended);
    });
  }

  status(): Promise<Status> {
    return this.#order({ command: 'status' });
  }

  scale(replicas: number): Promise<Status> {
    return this.#order({ command: 'scale', replicas });
  }

  restart(name: string, options: RestartOptions = {}): Promise<Status> {
    return this.#order({ command: 'restart', name, options }, options.downMs);
  }

  /** Puts the link between a replica and what it uses into a fault, or ends the one in which it is (null). */
  link(replica: string, role: LinkRole, fault: Fault | null): Promise<void> {
    return this.#order({ command: 'link', replica, role, fault });
  }

  links(): Promise<LinkStatus[]> {
    return this.#order({ command: 'links' });
  }

  signal(replica: string, signal: ReplicaSignal): Promise<void> {
    return this.#order({ command: 'signal', replica, signal });
  }

  protocol(protocol: Settings['protocol']): Promise<Status> {
    return this.#order({ command: 'protocol', protocol });
  }

  /** Tells the status now and each time that it has changed, asking every so often; answers what ends that. */
  watch(changed: (status: Status) => void, everyMs = CONTROL_WATCH_MS): () => void {
    const stop = new AbortController();
    void this.#watch(changed, everyMs, AbortSignal.any([stop.signal, this.#end.signal]));
    return () => stop.abort(new Error('no longer watched'));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #watch(changed: (status: Status) => void, everyMs: number, signal: AbortSignal): Promise<void> {
    let told = '';
    while (!signal.aborted) {
      // A launcher that cannot say it now may say it next time; of one that is gone, the session's end tells.
      const status = await this.status().catch(() => null);
      if (signal.aborted) return;
      const text = JSON.stringify(status);
      if (status !== null && text !== told) changed(status);
      told = text;
      await waited(everyMs, signal).catch(() => undefined);
    }
  }

  #order<T>(order: object, moreMs = 0): Promise<T> {
    const id = ++this.#ids;
    return new Promise<T>((resolve, reject) => {
      if (this.#end.signal.aborted) {
        reject(this.#end.signal.reason);
        return;
      }
      const tooLong = () => {
        const message = `the launcher has not obeyed within ${(CONTROL_ANSWER_MS + moreMs) / 1_000} s`;
        this.#take(id)?.reject(new ClusterError('E_CLUSTER_CONTROL', message));
      };
      const timer = setTimeout(tooLong, CONTROL_ANSWER_MS + moreMs);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      this.#socket.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }

  #heard(line: string): void {
    try {
      const { id, value } = parseSessionReply(line);
      const waiting = typeof id === 'number' ? this.#take(id) : undefined;
      try {
        waiting?.resolve(value());
      } catch (error) {
        waiting?.reject(error);
      }
    } catch (error) {
      // Whoever speaks there is no launcher.
      this.#socket.destroy(new Error(reasonOf(error)));
    }
  }

  /** Whoever waits for that reply, who waits no more. */
  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}
