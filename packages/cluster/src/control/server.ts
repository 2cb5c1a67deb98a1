import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { ClusterError, reasonOf } from '../errors.ts';
import { CONTROL_CONNECTIONS, CONTROL_MESSAGE_BYTES, CONTROL_REQUEST_MS } from '../limits.ts';
import type { Status } from '../status.ts';
import { type Order, parseOrder, type Reply, SOCKET } from './wire.ts';

export interface ControlServer {
  /** Resolves once a `stop` has been ordered, obeyed and answered. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}

/** Obeys orders from other terminals of the same user, over a socket in the cluster's private folder. */
export async function serveControl(cluster: Cluster, folder: string): Promise<ControlServer> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void answer(cluster, socket).then((order) => order?.command === 'stop' && stop());
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
  return { stopped, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Resolves, with the order, when the reply is on its way or nobody is there to take it. */
async function answer(cluster: Cluster, socket: Socket): Promise<Order | null> {
  // One that goes away while its order is obeyed is no reason to stop obeying.
  socket.on('error', () => undefined);
  let order: Order | null = null;
  let reply: Reply;
  try {
    order = parseOrder(await readLine(socket));
    reply = { ok: true, status: await obey(cluster, order) };
  } catch (error) {
    const code = error instanceof ClusterError ? error.code : 'E_CLUSTER_CONTROL';
    reply = { ok: false, code, message: reasonOf(error) };
  }
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.end(`${JSON.stringify(reply)}\n`, resolve);
  });
  return order;
}

async function obey(cluster: Cluster, order: Order): Promise<Status | null> {
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
  }
}

/** Reads up to the first line's end; fails when it is too long or too slow. */
export function readLine(socket: Socket, limitMs = CONTROL_REQUEST_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (what: string) => {
      reject(new ClusterError('E_CLUSTER_CONTROL', `the other side of the control socket ${what}`));
      socket.destroy();
    };
    const tooLong = setTimeout(fail, limitMs, `said nothing for ${limitMs} ms`);
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end >= 0) {
        // It has been said: what is done about it may take longer than saying it.
        clearTimeout(tooLong);
        resolve(text.slice(0, end));
      } else if (text.length > CONTROL_MESSAGE_BYTES) fail('says too much');
    });
    socket.on('end', () => fail('ended in the middle'));
    socket.on('close', () => {
      clearTimeout(tooLong);
      fail('is gone');
    });
  });
}
