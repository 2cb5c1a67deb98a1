import { readFileSync } from 'node:fs';
import { asRoot } from '../run/base.ts';

/** A user without rights, as whom root starts what must not or need not be root. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly group: string;
}

/**
 * The first of these users that exists, `nobody` at last; null when we are not root and run everything as ourselves.
 */
export function helper(...names: string[]): User | null {
  if (!asRoot) return null;
  const users = table('/etc/passwd');
  const groups = table('/etc/group');
  for (const name of [...names, 'nobody']) {
    const [, , uid, gid] = users.find((row) => row[0] === name) ?? [];
    const group = groups.find((row) => row[2] === gid)?.[0];
    if (uid !== undefined && gid !== undefined && group !== undefined) {
      // macOS writes nobody's ids as -2; the kernel means the unsigned number.
      return { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0, group };
    }
  }
  return null;
}

function table(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
}
