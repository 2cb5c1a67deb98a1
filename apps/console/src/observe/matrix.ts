import type { Operation } from '@lockstep/history';
import type { Cell, Matrix } from '../shared/state.ts';
import { Staircase } from '../verdict/staircase.ts';

/** How long a cell that was overtaken may say that it is being looked at, ms; then what was known of it counts. */
const CHECK_MS = 400;
/** For how long the times of versions are kept, ms. */
const TRUTH_MS = 600_000;

/** What is known of one key in one replica's L1, and since when: evidence from before a commit says nothing about it. */
interface Seen {
  version: number | null;
  /** When the look began that showed it, ms. */
  at: number;
}

/**
 * What each replica holds of a few keys, beside the origin's version. It is put together from whatever shows it: the
 * replica's own word that it dropped a key, peeks, and answers from its L1. Nothing is read through the cache for it.
 */
export class KeyMatrix {
  readonly #keys: readonly string[];
  readonly #truth = new Map<string, Staircase<null>>();
  readonly #cells = new Map<string, Map<string, Seen>>();

  constructor(keys: readonly string[]) {
    this.#keys = keys;
    for (const key of keys) this.#truth.set(key, new Staircase());
  }

  has(key: string): boolean {
    return this.#truth.has(key);
  }

  committed(key: string, version: number, at: number): void {
    const truth = this.#truth.get(key);
    truth?.add(version, at, null);
    truth?.forget(at - TRUTH_MS);
  }

  /** A replica said that it dropped these keys. */
  dropped(replica: string, keys: readonly string[], at: number): void {
    for (const key of keys) if (this.#truth.has(key)) this.#see(replica, key, null, at);
  }

  /** A replica emptied its L1. */
  flushed(replica: string, at: number): void {
    for (const key of this.#keys) this.#see(replica, key, null, at);
  }

  /** A peek that began at `at`: what L1 held, null for nothing. */
  peeked(replica: string, key: string, version: number | null, at: number): void {
    if (this.#truth.has(key)) this.#see(replica, key, version, at);
  }

  /** An answer. From L1, it shows what is there; from below, what was probably stored there then. */
  answered({ kind, key, version, replica, tier, start }: Operation): void {
    const truth = this.#truth.get(key);
    if (truth === undefined || kind !== 'read' || version === null || replica === undefined) return;
    if (tier === 'L1' || ((tier === 'L2' || tier === 'ORIGIN') && version === truth.top?.version)) {
      this.#see(replica, key, version, start);
    }
  }

  /** What is known of a replica is forgotten, as when its process ended. */
  forget(replica: string): void {
    this.#cells.delete(replica);
  }

  /** `answering` says whether a replica can be asked; what one that cannot holds is unknown. */
  view(replicas: readonly string[], answering: (replica: string) => boolean, now: number): Matrix {
    const keys = this.#keys.map((key) => ({ key, version: this.#truth.get(key)?.top?.version ?? 0 }));
    const cells = replicas.map((replica) => [
      replica,
      this.#keys.map((key) => (answering(replica) ? this.#cell(replica, key, now) : unknown(null))),
    ]);
    return { keys, cells: Object.fromEntries(cells) as Matrix['cells'] };
  }

  /** Cells that were overtaken by a commit since they were looked at. */
  doubtful(replicas: readonly string[]): { replica: string; key: string }[] {
    const doubtful: { replica: string; key: string }[] = [];
    for (const replica of replicas) {
      for (const [key, { version, at }] of this.#cells.get(replica) ?? []) {
        const overtaken = version === null ? undefined : this.#truth.get(key)?.than(version);
        if (overtaken !== undefined && at <= overtaken.end) doubtful.push({ replica, key });
      }
    }
    return doubtful;
  }

  #cell(replica: string, key: string, now: number): Cell {
    const seen = this.#cells.get(replica)?.get(key);
    const truth = this.#truth.get(key);
    if (seen === undefined || truth?.top === undefined) return unknown(null);
    if (seen.version === null) return { state: 'absent', version: null, staleMs: null };
    const overtaken = truth.than(seen.version);
    if (overtaken === undefined) return { state: 'fresh', version: seen.version, staleMs: null };
    const staleMs = now - overtaken.end;
    if (seen.at <= overtaken.end && staleMs < CHECK_MS) return unknown(seen.version);
    return { state: 'stale', version: seen.version, staleMs: Math.round(staleMs) };
  }

  #see(replica: string, key: string, version: number | null, at: number): void {
    const cells = this.#cells.get(replica) ?? new Map<string, Seen>();
    this.#cells.set(replica, cells);
    const seen = cells.get(key);
    if (seen === undefined) cells.set(key, { version, at });
    // What was under way when the replica dropped the key shows what was there before.
    else if (at >= seen.at) Object.assign(seen, { version, at });
  }
}

function unknown(version: number | null): Cell {
  return { state: 'unknown', version, staleMs: null };
}
