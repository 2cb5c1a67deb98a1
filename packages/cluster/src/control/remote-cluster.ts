import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { ClusterError, hasCode, UsageError } from '../errors.ts';
import { CONTROL_ANSWER_MS, KILL_LIMIT_MS } from '../limits.ts';
import type { Link } from '../link/link.ts';
import type { RestartOptions } from '../options.ts';
import { until } from '../probe.ts';
import { checkoutFolder } from '../run/base.ts';
import { type Launcher, type LiveInstance, liveInstances } from '../run/instance.ts';
import { isAlive } from '../run/process-table.ts';
import type { Status } from '../status.ts';
import { connected } from './connected.ts';
import { readLine } from './lines.ts';
import { type Order, parseReply, SOCKET } from './wire.ts';

/**
 * The cluster that `npm start` runs from this checkout, in another terminal. Of several, `url` names one.
 */
export async function findCluster(url: string | null = null): Promise<Cluster> {
  const found = await runningClusters();
  const named = url === null ? found : found.filter((cluster) => isSame(cluster.url, url));
  const list = found.map((cluster) => `  ${cluster.url}`).join('\n');
  const [first, ...more] = named;
  if (first === undefined) {
    throw new ClusterError(
      'E_CLUSTER_NONE',
      found.length === 0
        ? 'no cluster of this checkout is running: `npm start` starts one'
        : `no cluster of this checkout is running at ${url}; there are\n${list}`,
    );
  }
  if (more.length === 0) return first;
  throw new UsageError([`several clusters of this checkout are running: name one with --cluster URL\n${list}`]);
}

async function runningClusters(): Promise<RemoteCluster[]> {
  const found = await Promise.all(liveInstances(checkoutFolder()).map((instance) => RemoteCluster.open(instance)));
  return found.filter((cluster) => cluster !== null);
}

/** True when both name the same port of this machine; how loopback is spelled does not matter. */
function isSame(url: string, wished: string): boolean {
  const plain = (text: string) => {
    const { protocol, hostname, port } = new URL(text);
    return `${protocol}//${/^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(hostname) ? 'loopback' : hostname}:${port}`;
  };
  return URL.canParse(wished) && plain(url) === plain(wished);
}

/** A cluster whose launcher is another process; orders go over its control socket. */
class RemoteCluster implements Cluster {
  readonly url: string;
  readonly #socket: string;
  readonly #launcher: Launcher;

  private constructor(url: string, socket: string, launcher: Launcher) {
    this.url = url;
    this.#socket = socket;
    this.#launcher = launcher;
  }

  /** Null when nobody listens there: a launcher that is just starting or ending, or a cluster within a test. */
  static async open({ folder, launcher }: LiveInstance): Promise<RemoteCluster | null> {
    const socket = join(folder, SOCKET);
    try {
      const status = await send(socket, { command: 'status' });
      return status === null ? null : new RemoteCluster(status.url, socket, launcher);
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ECONNREFUSED', 'E_CLUSTER_CONTROL')) return null;
      throw error;
    }
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

  async stop(): Promise<void> {
    await send(this.#socket, { command: 'stop' });
    const { pid, identity } = this.#launcher;
    await until('the end of the launcher', () => !isAlive(pid, identity), { limitMs: KILL_LIMIT_MS });
  }

  link(): Link {
    throw new ClusterError(
      'E_CLUSTER_NO_LINKS',
      'links are within the process that started the cluster: a session with it (connectCluster) gives orders to them',
    );
  }

  async #order(order: Order, moreMs = 0): Promise<Status> {
    const status = await send(this.#socket, order, moreMs);
    if (status === null) throw new ClusterError('E_CLUSTER_CONTROL', 'the launcher answered without a status');
    return status;
  }
}

async function send(path: string, order: Order, moreMs = 0): Promise<Status | null> {
  const socket = await connected(path);
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify(order)}\n`);
  try {
    return parseReply(await readLine(socket, CONTROL_ANSWER_MS + moreMs)) as Status | null;
  } finally {
    socket.destroy();
  }
}
