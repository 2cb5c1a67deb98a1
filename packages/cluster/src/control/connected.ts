import { connect, type Socket } from 'node:net';

/** A connection to the socket of that path; rejects with the system's error when nobody is there. */
export function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });
}
