import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../errors.ts';
import { identityOf } from './process-table.ts';

/** A process that was started for a cluster, told apart from later ones of the same pid by its identity. */
export interface Known {
  readonly name: string;
  readonly pid: number;
  readonly identity: string;
}

const FILE = 'state.json';

/**
 * The list of processes of one cluster on disk, so that the next start can end them when the launcher was killed.
 * It is written before anything waits, so what is missing in it is at most the child whose spawning was interrupted.
 */
export class StateFile {
  readonly #folder: string;
  readonly #children = new Map<number, Known>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#write();
  }

  add(name: string, pid: number): void {
    const identity = identityOf(pid);
    // It has ended already; there is nothing to remember.
    if (identity === null) return;
    this.#children.set(pid, { name, pid, identity });
    this.#write();
  }

  remove(pid: number): void {
    if (this.#children.delete(pid)) this.#write();
  }

  pids(): number[] {
    return [...this.#children.keys()];
  }

  #write(): void {
    const path = join(this.#folder, FILE);
    // Renamed into place, as a launcher killed while writing must not leave half a list.
    writeFileSync(`${path}.new`, JSON.stringify({ children: [...this.#children.values()] }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
}

/** The processes that a state file lists; none when there is no file, or one that we did not write. */
export function knownIn(folder: string): Known[] {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  try {
    const state = JSON.parse(text) as { children?: unknown };
    return Array.isArray(state.children) ? state.children.filter(isKnown) : [];
  } catch {
    return [];
  }
}

function isKnown(value: unknown): value is Known {
  if (typeof value !== 'object' || value === null) return false;
  const { name, pid, identity } = value as Partial<Known>;
  return typeof name === 'string' && Number.isSafeInteger(pid) && (pid as number) > 1 && typeof identity === 'string';
}
