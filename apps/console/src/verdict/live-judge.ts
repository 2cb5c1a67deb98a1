import type { Level, Operation } from '@lockstep/history';
import { Staircase, type Step } from './staircase.ts';

export type LiveKind = 'stale' | 'stale-after-ack' | 'new-old-inversion' | 'read-your-writes' | 'monotonic-reads';

/** One broken promise, as soon as the read has ended that broke it. */
export interface LiveViolation {
  readonly kind: LiveKind;
  readonly level: Level;
  readonly read: Operation;
  readonly against: Operation;
  /** How stale the read was, ms; 0 where nothing but an order was broken. */
  readonly staleMs: number;
}

export interface LiveTotals {
  readonly reads: number;
  readonly writes: number;
  readonly unknown: number;
  /** Reads that began after a write of their key was acknowledged, or seen at the origin: the others could not be wrong. */
  readonly atRisk: number;
  readonly worstStalenessMs: number;
  readonly levels: Record<Level, { reads: number; violations: number }>;
}

export interface LiveOptions {
  /** S, ms. */
  readonly boundMs: number;
  readonly violated: (violation: LiveViolation) => void;
}

/** Keys of which something is remembered, clients, and keys of each; beyond, the oldest are forgotten and begin anew. */
const KEYS_MOST = 20_000;
const CLIENTS_MOST = 256;
const KEYS_OF_CLIENT_MOST = 1_000;
/** For how long beyond the bound the exact staleness of a read can be told, ms. */
const EXACT_MS = 60_000;

/** What one key's reads are held against. */
interface KeyState {
  /** Acknowledged writes, and commits that the origin showed. */
  readonly newest: Staircase<Operation>;
  readonly acknowledged: Staircase<Operation>;
  readonly strongReads: Staircase<Operation>;
}

/** What one client has seen of one key. */
interface OwnState {
  readonly writes: Staircase<Operation>;
  readonly reads: Staircase<Operation>;
}

/**
 * Judges reads as they come in, by the same rules as `judge` of packages/history, of which a test holds it to be the equal.
 *
 * That is possible because operations come in the order of their ends, on one clock: whatever ended before a read began
 * has come before the read itself, so each promise can be checked at once, against what is remembered of its key. Nothing
 * is missed at the edge of a window, as there is none: what is old is not dropped but carried over as the newest version
 * that was acknowledged.
 *
 * Beside writes it takes what the origin itself shows (`committed`): a bounded read is held against every commit, whoever
 * made it. The orders that sessions and strong reads are promised are those of acknowledged operations.
 */
export class LiveJudge {
  readonly #options: LiveOptions;
  readonly #keys = new Map<string, KeyState>();
  readonly #own = new Map<string, Map<string, OwnState>>();
  #totals = newTotals();
  #worstSince = -1;
  #swept = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get totals(): LiveTotals {
    return this.#totals;
  }

  /** The worst staleness since this was last asked for, ms; null if nothing was read. */
  takeWorst(): number | null {
    const worst = this.#worstSince;
    this.#worstSince = -1;
    return worst < 0 ? null : worst;
  }

  /** Begins anew: counts, and all that was remembered. */
  reset(): void {
    this.#keys.clear();
    this.#own.clear();
    this.#totals = newTotals();
    this.#worstSince = -1;
  }

  /** An operation, as it ends. */
  add(operation: Operation): void {
    const { kind, outcome, version } = operation;
    if (outcome === 'unknown') this.#totals.unknown++;
    if (outcome !== 'ok' || version === null) return;
    if (kind === 'read') this.#read(operation, version);
    else this.#write(operation, version);
    this.#sweep(operation.end);
  }

  /** Something that came and could not be judged. */
  unjudged(): void {
    this.#totals.unknown++;
  }

  /** A version that the origin had at this time, whoever wrote it; `begun` is when it did not have it yet. */
  committed(key: string, version: number, begun: number, at: number): void {
    const client = 'origin';
    this.#key(key).newest.add(version, at, {
      client,
      key,
      kind: 'write',
      start: begun,
      end: at,
      version,
      outcome: 'ok',
    });
  }

  #write(write: Operation, version: number): void {
    this.#totals.writes++;
    const state = this.#key(write.key);
    state.newest.add(version, write.end, write);
    state.acknowledged.add(version, write.end, write);
    this.#ownOf(write).writes.add(version, write.end, write);
  }

  #read(read: Operation, version: number): void {
    const totals = this.#totals;
    const level = read.level ?? 'bounded';
    const state = this.#key(read.key);
    totals.reads++;
    totals.levels[level].reads++;
    const first = state.newest.than(-1);
    if (first !== undefined && first.end < read.start) totals.atRisk++;
    const superseded = state.newest.than(version);
    const staleMs = superseded === undefined ? 0 : Math.max(0, read.start - superseded.end);
    totals.worstStalenessMs = Math.max(totals.worstStalenessMs, staleMs);
    this.#worstSince = Math.max(this.#worstSince, staleMs);
    if (level === 'strong') this.#strong(read, version, state, staleMs);
    else if (superseded !== undefined && staleMs > this.#options.boundMs) {
      this.#violated('stale', read, superseded, staleMs);
    }
    const own = this.#ownOf(read);
    if (level === 'session') {
      this.#before('read-your-writes', read, own.writes.than(version), 0);
      this.#before('monotonic-reads', read, own.reads.than(version), 0);
    }
    own.reads.add(version, read.end, read);
  }

  #strong(read: Operation, version: number, state: KeyState, staleMs: number): void {
    if (!this.#before('stale-after-ack', read, state.acknowledged.than(version), staleMs)) {
      this.#before('new-old-inversion', read, state.strongReads.than(version), 0);
    }
    state.strongReads.add(version, read.end, read);
  }

  /** Strictly before: operations that touch at one instant are concurrent. */
  #before(kind: LiveKind, read: Operation, step: Step<Operation> | undefined, staleMs: number): boolean {
    if (step === undefined || step.end >= read.start) return false;
    this.#violated(kind, read, step, staleMs);
    return true;
  }

  #violated(kind: LiveKind, read: Operation, { operation: against }: Step<Operation>, staleMs: number): void {
    const level = read.level ?? 'bounded';
    this.#totals.levels[level].violations++;
    this.#options.violated({ kind, level, read, against, staleMs });
  }

  #key(key: string): KeyState {
    return remembered(this.#keys, key, KEYS_MOST, newKeyState);
  }

  #ownOf({ client, key }: Operation): OwnState {
    const keys = remembered(this.#own, client, CLIENTS_MOST, () => new Map<string, OwnState>());
    return remembered(keys, key, KEYS_OF_CLIENT_MOST, newOwnState);
  }

  /** Now and then: what nobody needs for an exact answer any more. */
  #sweep(now: number): void {
    if (now - this.#swept < EXACT_MS / 4) return;
    this.#swept = now;
    const before = now - EXACT_MS - this.#options.boundMs;
    for (const state of this.#keys.values()) for (const stairs of Object.values(state)) stairs.forget(before);
    for (const keys of this.#own.values()) {
      for (const { writes, reads } of keys.values()) {
        writes.forget(before);
        reads.forget(before);
      }
    }
  }
}

function remembered<T>(map: Map<string, T>, key: string, most: number, make: () => T): T {
  const present = map.get(key);
  if (present !== undefined) return present;
  if (map.size >= most) map.delete(map.keys().next().value as string);
  const made = make();
  map.set(key, made);
  return made;
}

function newKeyState(): KeyState {
  return { newest: new Staircase(), acknowledged: new Staircase(), strongReads: new Staircase() };
}

function newOwnState(): OwnState {
  return { writes: new Staircase(), reads: new Staircase() };
}

function newTotals() {
  const level = () => ({ reads: 0, violations: 0 });
  const levels: Record<Level, { reads: number; violations: number }> = {
    bounded: level(),
    session: level(),
    strong: level(),
  };
  return { reads: 0, writes: 0, unknown: 0, atRisk: 0, worstStalenessMs: 0, levels };
}
