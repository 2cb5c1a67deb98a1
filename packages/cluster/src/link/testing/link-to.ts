import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { createLink, type Link } from '../link.ts';

/** How a link gets to its server. */
export const WAYS = ['port', 'socket'] as const;

export type Way = (typeof WAYS)[number];

/** Has a server listen, on any port or on a Unix socket in `folder`, and opens a link to it, on `port` if that is given. */
export async function linkTo(server: Server, way: Way, folder: string, port = 0): Promise<Link> {
  const socket = way === 'socket' ? join(folder, randomUUID()) : null;
  if (socket === null) server.listen(0, '127.0.0.1');
  else server.listen(socket);
  await once(server, 'listening');
  // Port 1 is nobody's: where there is a socket the port does not count.
  const target = `redis://default:secret@127.0.0.1:${socket === null ? (server.address() as AddressInfo).port : 1}/0`;
  return createLink({ target, socket, port });
}
