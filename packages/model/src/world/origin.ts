import type { Operation } from '../engine/system.ts';
import type { Scope, ServerName } from './scope.ts';
import { LONG_MS } from './server.ts';

/** A row of the outbox: of the commit of one version. */
export interface OutboxRow {
  readonly version: number;
  readonly key: string;
  readonly tags: readonly string[];
  /** Epoch -> the clock at which the row was done in it. */
  readonly done: ReadonlyMap<string, number>;
}

/** The system of record, and what an observer who sees everything knows of the run. */
export interface Origin {
  /** The newest committed version. */
  version: number;
  /** The newest version that was acknowledged to its writer. */
  acknowledged: number;
  /** The newest version that a strong or linearizable read has returned. */
  returned: number;
  /**
   * Local time, the same on every replica: it moves by one whenever what a proof of then must cover grows, and never else,
   * so that there are few times and each of them tells all that matters about itself.
   */
  now: number;
  /** For each time: the version that a proof of then covers. */
  covered: readonly number[];
  /** Two servers accept writes: what is acknowledged meanwhile counts from the end of that, D later at most. */
  split: boolean;
  /** When the present epoch of each server began, for linearizable writes. */
  began: Readonly<Record<ServerName, number>>;
  /** Local times before this one are S or more ago. */
  expired: number;
  rows: readonly OutboxRow[];
}

export function openOrigin(): Origin {
  return {
    version: 0,
    acknowledged: 0,
    returned: 0,
    now: 0,
    covered: [0],
    split: false,
    began: { P: 0, Q: 0 },
    expired: -LONG_MS,
    rows: [],
  };
}

/** What a bound asks for in this scope: local ms back to the last time that is less than S ago. */
export function boundOf({ now, expired }: Origin): number {
  return now - expired;
}

/** The next version is there; the trigger has noted which keys and tags it touches. */
export function commit(
  origin: Origin,
  { property, outbox }: Scope,
  touched: { readonly key: string; readonly tags: readonly string[] },
): number {
  origin.version++;
  if (outbox !== undefined) origin.rows = [...origin.rows, { version: origin.version, ...touched, done: new Map() }];
  if (property === 'proved') cover(origin, origin.version);
  return origin.version;
}

export function acknowledge(origin: Origin, version: number, { property }: Scope): void {
  if (version <= origin.acknowledged) return;
  origin.acknowledged = version;
  if (property === 'bounded' && !origin.split) cover(origin, version);
}

/** What happens to servers, as far as it matters to what is known. */
export function performOnOrigin(origin: Origin, { do: what, with: server }: Operation): void {
  switch (what) {
    case 'epoch begins':
      origin.began = { ...origin.began, [server as ServerName]: tick(origin) };
      return;
    case 'quarantine ends':
      // It is S(1+drift) long at least: what proves an L1 since before the epoch is too old.
      origin.expired = Math.max(origin.expired, origin.began[server as ServerName]);
      return;
    default:
      origin.split = what === 'split';
      if (!origin.split && origin.acknowledged > coveredAt(origin, origin.now)) cover(origin, origin.acknowledged);
  }
}

/** Time goes on, and what was covered stays so. */
export function tick(origin: Origin): number {
  cover(origin, origin.covered.at(-1) ?? 0);
  return origin.now;
}

/** The version that an answer with a proof of this time must reflect. */
export function coveredAt({ covered }: Origin, at: number): number {
  return covered[at] ?? 0;
}

/** What no strong read that begins now may fall behind. */
export function floorOf({ acknowledged, returned }: Origin): number {
  return Math.max(acknowledged, returned);
}

function cover(origin: Origin, version: number): void {
  origin.now++;
  origin.covered = [...origin.covered, version];
}
