import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Servers that have to be on the machine; Postgres comes from npm. */
export interface Programs {
  readonly redis: string;
  readonly nginx: string;
}

/** What each is called, the preferred name first. */
const NAMES: Readonly<Record<keyof Programs, readonly string[]>> = {
  redis: ['redis-server', 'valkey-server'],
  nginx: ['nginx'],
};

/** Servers are often where only root's PATH leads. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/opt/homebrew/bin', '/usr/local/bin'];

/** Looks the servers up; null for what is not there. */
export function findPrograms(path = process.env.PATH ?? ''): { [K in keyof Programs]: string | null } {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...MORE_FOLDERS];
  const find = (names: readonly string[]) =>
    names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram) ?? null;
  return { redis: find(NAMES.redis), nginx: find(NAMES.nginx) };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
