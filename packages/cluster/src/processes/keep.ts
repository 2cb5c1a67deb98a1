import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterError, hasCode, reasonOf } from '../errors.ts';
import { asRoot, isPassable } from '../run/base.ts';
import { identityOf, isAlive } from '../run/process-table.ts';

/** Where Postgres and Redis have their data, and what they are entered with. */
export interface Keep {
  readonly postgres: string;
  readonly redis: string;
  readonly kept: boolean;
  readonly credentials: Credentials;
  /** Lets another cluster use the folder. */
  release(): void;
}

interface Credentials {
  readonly redis: string;
  readonly postgres: string;
}

const PASSWORD_BYTES = 18;

/** Data that ends with the cluster, in its own folder. */
export function temporaryKeep(folder: string): Keep {
  const at = (name: string) => join(folder, name);
  return { postgres: at('postgres'), redis: at('redis'), kept: false, credentials: newCredentials(), release() {} };
}

/**
 * Data that stays, in a folder of the user's: used by one cluster at a time. Its passwords are kept beside it, as
 * Postgres has its own in its data.
 */
export function openKeep(path: string): Keep {
  const folder = madeFolder(path);
  const lock = takeLock(folder);
  try {
    return {
      postgres: join(folder, 'postgres'),
      redis: join(folder, 'redis'),
      kept: true,
      credentials: keptCredentials(folder),
      release: () => rmSync(lock, { force: true }),
    };
  } catch (error) {
    rmSync(lock, { force: true });
    throw error;
  }
}

function madeFolder(path: string): string {
  let made: string | undefined;
  try {
    made = mkdirSync(path, { recursive: true });
    // root's helpers pass through it, whatever root's umask is; a folder that was there is left as it is.
    if (asRoot && made !== undefined) chmodSync(path, 0o755);
  } catch (error) {
    throw new ClusterError('E_CLUSTER_FOLDER', `cannot keep data in ${path}: ${reasonOf(error)}`, { cause: error });
  }
  if (asRoot && !isPassable(path)) {
    if (made !== undefined) rmSync(made, { recursive: true });
    throw new ClusterError(
      'E_CLUSTER_FOLDER',
      `cannot keep data in ${path}: Postgres does not run as root, and other users may not enter that folder; ` +
        'choose one outside of private folders, as /var/tmp/lockstep',
    );
  }
  return realpathSync(path);
}

/** Writes our pid and identity where the next cluster looks; replaces those of a launcher that is gone. */
function takeLock(folder: string): string {
  const lock = join(folder, 'lockstep.lock');
  const mine = JSON.stringify({ pid: process.pid, identity: identityOf(process.pid) });
  try {
    writeFileSync(lock, mine, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    const owner = ownerOf(lock);
    if (owner !== null) {
      throw new ClusterError(
        'E_CLUSTER_FOLDER',
        `the data in ${folder} is in use by the cluster of process ${owner}: stop that one, or give another folder`,
      );
    }
    writeFileSync(lock, mine, { mode: 0o600 });
  }
  return lock;
}

/** The pid of the launcher that holds the lock; null when it is gone, or never finished writing. */
function ownerOf(lock: string): number | null {
  try {
    const { pid, identity } = JSON.parse(readFileSync(lock, 'utf8')) as { pid: number; identity: string };
    return isAlive(pid, identity) ? pid : null;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function keptCredentials(folder: string): Credentials {
  const file = join(folder, 'credentials.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Credentials;
  const credentials = newCredentials();
  writeFileSync(file, JSON.stringify(credentials), { mode: 0o600 });
  return credentials;
}

/** Letters and digits only: they stand in URLs, in a configuration and on a command line of inline Redis. */
function newCredentials(): Credentials {
  const password = () => randomBytes(PASSWORD_BYTES).toString('hex');
  return { redis: password(), postgres: password() };
}
