import type { Operation } from '@lockstep/history';
import type { Version } from '../world/origin.ts';
import { Floor } from './floor.ts';

export interface SieveOptions {
  readonly boundMs: number;
  /** Null: nothing is proved at the origin. */
  readonly provedMs: number | null;
  readonly versions: ReadonlyMap<string, readonly Version[]>;
  /** Keys of which a session never reads less than before. */
  readonly monotonic: (key: string) => boolean;
}

/**
 * The floor sweep in one pass, for histories that come in the order in which operations ended, as those of a simulation do:
 * tells whether everything was certainly right, in a tenth of the time that a verdict takes. What does not pass may still be
 * right; @lockstep/history is asked then.
 */
export class Sieve {
  readonly #options: SieveOptions;
  readonly #keys = new Map<string, Floor>();
  worstStalenessMs = 0;

  constructor(options: SieveOptions) {
    this.#options = options;
  }

  /** Both in the order of their ends; writes that failed or are unknown are left out. */
  passes(reads: readonly Operation[], writes: readonly Operation[]): boolean {
    let passed = true;
    let next = 0;
    for (const write of writes) if (!this.#floorOf(write.key).isPossible(write)) passed = false;
    for (const read of reads) {
      for (let write = writes[next]; write !== undefined && write.end <= read.end; write = writes[++next]) {
        this.#floorOf(write.key).acknowledge(write);
      }
      if (!this.#isRight(read)) passed = false;
    }
    return passed;
  }

  #isRight(read: Operation): boolean {
    const { start, end, client, level } = read;
    const { boundMs, provedMs } = this.#options;
    const version = read.version as number;
    const floor = this.#floorOf(read.key);
    const staleMs = start - floor.writes.newerThan(version);
    if (staleMs > this.worstStalenessMs) this.worstStalenessMs = staleMs;
    let right = staleMs <= boundMs && floor.isPossible(read);
    if (provedMs !== null && start - floor.supersededAt(version) > provedMs) right = false;
    if (level === 'session' && version < (floor.seen.get(client) ?? 0)) right = false;
    if (level === 'strong') {
      if (version < floor.strong.before(start)) right = false;
      floor.strong.add(end, version);
    }
    if (floor.monotonic) floor.saw(client, version);
    return right;
  }

  #floorOf(key: string): Floor {
    let floor = this.#keys.get(key);
    if (floor === undefined) {
      const { versions, monotonic } = this.#options;
      floor = new Floor(key, versions.get(key), monotonic(key));
      this.#keys.set(key, floor);
    }
    return floor;
  }
}
