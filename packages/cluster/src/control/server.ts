import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Cluster, LocalCluster } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { CONTROL_CONNECTIONS } from '../limits.ts';
import type { Report } from '../report.ts';
import type { Breakages } from './breakage.ts';
import { readLine } from './lines.ts';
import { Session } from './session.ts';
import { type Order, parseOrder, type Reply, refusalOf, SOCKET } from './wire.ts';

export interface ControlServer {
  /** Resolves once a `stop` has been ordered, obeyed and answered. */
  readonly stopped: Promise<void>;
  /** Ends the sessions and undoes what they have broken. */
  endSessions(): Promise<void>;
  /** Does that and listens no more; resolves when nobody is connected any more, the giver of the last order included. */
  close(): Promise<void>;
}

/** Obeys orders from other terminals of the same user, over a socket in the cluster's private folder. */
export async function serveControl(
  cluster: Cluster | LocalCluster,
  folder: string,
  report: Report,
): Promise<ControlServer> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const breakages: Breakages = new Map();
  const sessions = new Set<Session>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void answer(cluster, socket).then(({ command, ok }) => {
      if (command === 'stop') stop();
      if (command !== 'session' || !ok) return;
      const session = new Session(cluster as LocalCluster, socket, breakages, report);
      sessions.add(session);
      void session.ended.then(() => sessions.delete(session));
    });
  });
  server.maxConnections = CONTROL_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(join(folder, SOCKET), () => {
      // From here on: a failed accept concerns that client alone.
      server.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
  const endSessions = async () => {
    await Promise.all([...sessions].map((session) => session.end()));
  };
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await endSessions();
    await closed;
  };
  return { stopped, endSessions, close };
}

interface Answered {
  readonly command: Order['command'] | null;
  readonly ok: boolean;
}

/** Resolves, with what was ordered, when the reply is on its way or nobody is there to take it. */
async function answer(cluster: Cluster | LocalCluster, socket: Socket): Promise<Answered> {
  // One that goes away while its order is obeyed is no reason to stop obeying.
  socket.on('error', () => undefined);
  let command: Order['command'] | null = null;
  let reply: Reply;
  try {
    const order = parseOrder(await readLine(socket));
    command = order.command;
    reply = { ok: true, value: await obey(cluster, order) };
  } catch (error) {
    reply = refusalOf(error);
  }
  const line = `${JSON.stringify(reply)}\n`;
  const goesOn = command === 'session' && reply.ok;
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    if (goesOn) socket.write(line, () => resolve());
    else socket.end(line, resolve);
  });
  return { command, ok: reply.ok };
}

/** What can be ordered without a session. */
async function obey(cluster: Cluster | LocalCluster, order: Order): Promise<unknown> {
  switch (order.command) {
    case 'status':
      return cluster.status();
    case 'scale':
      return cluster.scale(order.replicas);
    case 'restart':
      return cluster.restart(order.name, order.options);
    case 'stop':
      await cluster.stop();
      return null;
    case 'session':
      if ('signal' in cluster) return { url: cluster.url };
      throw new ClusterError('E_CLUSTER_BACKEND', 'faults are for the processes backend: not available in containers');
    default:
      throw new ClusterError('E_CLUSTER_CONTROL', `${order.command} is for a session, at whose end it is undone`);
  }
}
