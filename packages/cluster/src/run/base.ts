import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { ClusterError, hasCode } from '../errors.ts';

/**
 * Where what runs is kept: `<tmp>/lockstep-<uid>/<checkout>/<instance>/`.
 *
 * The name is predictable, so that another terminal finds the cluster, in a folder where everybody may write; hence it
 * must be ours, no link, and closed to others. Root's is passable (not readable) for others: Postgres and nginx' workers
 * run as users without rights and have to reach their own folders in it.
 */

/** The repository that this file is part of. */
export const CHECKOUT = realpathSync(join(import.meta.dirname, '../../../..'));

/** The path of a unix socket may have 104 bytes on macOS, 108 on Linux; the one we need is this much longer than the folder's. */
const SOCKET_PATH_BYTES = 103;
const BELOW_TMP_BYTES = '/lockstep-4294967295/0123456789/4194304-01234567-012345/control/s'.length;

export const asRoot = process.getuid?.() === 0;

/** The folder for everything of this checkout, made when it is missing. Throws when it is not safe to use. */
export function checkoutFolder(checkout: string = CHECKOUT, tmp: string = temporaryFolder()): string {
  const uid = userInfo().uid;
  const base = join(tmp, `lockstep-${uid}`);
  const folder = join(base, createHash('sha256').update(realpathSync(checkout)).digest('hex').slice(0, 10));
  for (const path of [base, folder]) ownFolder(path, uid);
  return folder;
}

/** Makes a folder that only we write to, or checks that it is one. */
function ownFolder(path: string, uid: number): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      throw new ClusterError('E_CLUSTER_FOLDER', `cannot make ${path}: set TMPDIR to a folder that you may write to`, {
        cause: error,
      });
    }
  }
  const found = lstatSync(path);
  // A folder that others may write to lets them put their own files under our names.
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0) {
    throw new ClusterError(
      'E_CLUSTER_FOLDER',
      `${path} is not a folder of yours that only you may write to: remove it, or set TMPDIR to another folder`,
    );
  }
  // Said to chmod and not to mkdir, as root's umask may forbid it.
  if (asRoot) chmodSync(path, 0o711);
}

/** The system's temporary folder, or /tmp when that one is too deep for a socket or closed to root's helpers. */
export function temporaryFolder(tmp: string = tmpdir(), root: boolean = asRoot): string {
  const deep = Buffer.byteLength(tmp) + BELOW_TMP_BYTES > SOCKET_PATH_BYTES;
  return deep || (root && !isPassable(tmp)) ? '/tmp' : tmp;
}

/** True when a unix socket may have this path. */
export function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES;
}

/** True when every user may enter the folder. */
export function isPassable(path: string): boolean {
  for (let at = realpathSync(path); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
