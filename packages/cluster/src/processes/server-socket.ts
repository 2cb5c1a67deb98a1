import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fitsSocket } from '../run/base.ts';
import type { User } from './user.ts';

/**
 * A Unix socket on which a server of ours listens beside its port, for the links: what they forward costs them a fifth less
 * than over loopback, and the server less too. Its folder is the server's own: nobody but its user, and root, gets in.
 */
export class ServerSocket {
  /** Null where the path is too long for a socket; then the port has to do. */
  readonly path: string | null;

  constructor(path: string) {
    this.path = fitsSocket(path) ? path : null;
  }

  /** Makes its folder for whoever runs the server; null: ourselves. */
  prepare(user: User | null): void {
    if (this.path === null) return;
    const folder = dirname(this.path);
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    if (user !== null) chownSync(folder, user.uid, user.gid);
  }
}
