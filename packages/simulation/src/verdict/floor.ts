import type { Operation } from '@lockstep/history';
import { SET } from '../plan/keys.ts';
import type { Version } from '../world/origin.ts';

/** What reads of one key may not be older than, as far as operations have ended. */
export class Floor {
  readonly writes = new Acknowledged();
  /** Writes and strong reads: what a strong read may not be older than. */
  readonly strong = new Acknowledged();
  /** What each client has written, and read. */
  readonly seen = new Map<string, number>();
  /** A session never reads less of it than before. */
  readonly monotonic: boolean;
  readonly #isSet: boolean;
  readonly #versions: readonly Version[] | undefined;

  /** `versions`: those of the origin. */
  constructor(key: string, versions: readonly Version[] | undefined, monotonic: boolean) {
    this.monotonic = monotonic;
    this.#isSet = key.startsWith(SET);
    this.#versions = versions;
  }

  acknowledge({ end, version, client }: Operation): void {
    this.writes.add(end, version as number);
    this.strong.add(end, version as number);
    this.saw(client, version as number);
  }

  saw(client: string, version: number): void {
    if (version > (this.seen.get(client) ?? -1)) this.seen.set(client, version);
  }

  /** When the next version was committed. */
  supersededAt(version: number): number {
    return this.#versions?.[version]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Nobody sees, or is told, a version that is not there yet. Keys of `set` are not the origin's. */
  isPossible({ version, end }: Operation): boolean {
    if (version === 0 || version === null) return version === 0;
    if (this.#versions === undefined) return this.#isSet;
    const { at = Number.POSITIVE_INFINITY } = this.#versions[version - 1] ?? {};
    return at <= end;
  }
}

/** What was acknowledged of one key, in the order of the acknowledgements. */
class Acknowledged {
  readonly #ends: number[] = [];
  readonly #versions: number[] = [];
  /** The newest version up to each. */
  readonly #newest: number[] = [];

  add(end: number, version: number): void {
    const newest = this.#newest.length === 0 ? 0 : (this.#newest[this.#newest.length - 1] as number);
    this.#ends.push(end);
    this.#versions.push(version);
    this.#newest.push(version > newest ? version : newest);
  }

  /** The newest version that had been acknowledged before that time. */
  before(at: number): number {
    for (let i = this.#ends.length - 1; i >= 0; i--) {
      if ((this.#ends[i] as number) < at) return this.#newest[i] as number;
    }
    return 0;
  }

  /** When the first one that is newer was acknowledged. */
  newerThan(version: number): number {
    const versions = this.#versions;
    if (versions.length === 0 || (this.#newest[versions.length - 1] as number) <= version) {
      return Number.POSITIVE_INFINITY;
    }
    let at = 0;
    while ((versions[at] as number) <= version) at++;
    return this.#ends[at] as number;
  }
}
