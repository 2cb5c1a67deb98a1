/**
 * What the server tells the page: one `Snapshot`, then deltas of its top-level fields. Types only, as both sides import
 * this file. Times are ms since 1970 by the server's clock (`at`, `since`, `healsAt`, `t`), durations are ms.
 */
export interface Snapshot {
  seq: number;
  at: number;
  cluster: ClusterView;
  members: Member[];
  matrix: Matrix;
  /** The newest last; a delta carries those that are new or have changed, by `id`. */
  invalidations: Invalidation[];
  faults: ActiveFault[];
  verdict: Verdict;
  traffic: Traffic;
  cost: Cost;
  /** A delta carries the points that are new. */
  series: Series;
  /** The newest last; a delta carries the lines that are new. */
  log: LogLine[];
  scenario: ScenarioState | null;
  scenarios: ScenarioChoice[];
}

export interface ClusterView {
  url: string;
  protocol: Protocol;
  /** The replicas are on their way to that protocol, one after the other: nothing is judged meanwhile. */
  changing: boolean;
  boundMs: number;
  backend: string;
  available: Record<FaultKind, boolean>;
}

export type Protocol = 'naive' | 'guarded';

export type Level = 'bounded' | 'session' | 'strong';

export type MemberState = 'starting' | 'ready' | 'parked' | 'draining' | 'isolated' | 'paused' | 'gone';

export interface Member {
  name: string;
  kind: 'nginx' | 'redis' | 'postgres' | 'replica';
  state: MemberState;
  trustAgeMs: number | null;
  l1: { entries: number; maxEntries: number } | null;
  ratios: { l1: number; l2: number; origin: number } | null;
  perSecond: number | null;
  epoch: string | null;
  applied: number | null;
  lagMs: { p50: number; p99: number } | null;
  /** Ids of the faults that are on it. */
  faults: string[];
}

/** What a replica holds of a key. `unknown`: it could not be asked, which is not the same as fresh. */
export interface Cell {
  state: 'fresh' | 'stale' | 'absent' | 'unknown';
  version: number | null;
  staleMs: number | null;
}

export interface Matrix {
  /** With the origin's version. */
  keys: { key: string; version: number }[];
  /** By replica, a cell for each of the keys. */
  cells: Record<string, Cell[]>;
}

export interface Invalidation {
  id: number;
  key: string;
  version: number | null;
  at: number;
  clock: number;
  /** By replica: its lag in ms; null where it has not come so far. */
  ticks: Record<string, number | null>;
}

export type FaultKind =
  | 'kill'
  | 'pause'
  | 'cut-bus'
  | 'blackhole-bus'
  | 'cut-command'
  | 'delay-bus'
  | 'lose-messages'
  | 'restart-redis'
  | 'flushall'
  | 'kill-subscribers'
  | 'slow-origin'
  | 'writer-crash'
  | 'rolling-restart';

export interface ActiveFault {
  id: string;
  kind: FaultKind;
  target: string;
  since: number;
  healsAt: number;
  words: string;
}

export interface Violation {
  level: string;
  words: string;
  witness: object[];
  trace: string[];
}

export interface Verdict {
  /** `unknown`: nothing was read that could have been wrong. */
  outcome: 'held' | 'violated' | 'unknown';
  words: string;
  reads: number;
  writes: number;
  unknown: number;
  worstStalenessMs: number;
  boundMs: number;
  levels: Record<Level, { reads: number; violations: number }>;
  violations: Violation[];
  nines: string;
  canary: { last: number | null; noticed: boolean | null };
}

export interface Traffic {
  rps: number;
  writesPercent: number;
  achieved: number;
  errors: number;
}

export type Column = 'stalenessMs' | 'lagMs' | 'l1' | 'l2' | 'origin' | 'originPerSecond' | 'requests' | 'errors';

/** Parts of a core: what the console takes to observe, judge and tell, and what the clients take that it plays. */
interface Cost {
  console: number;
  clients: number;
}

/** Two points a second, the last 120 s. */
export interface Series {
  t: number[];
  columns: Record<Column, (number | null)[]>;
}

export interface LogLine {
  id: number;
  at: number;
  kind: string;
  replica: string | null;
  text: string;
}

export interface ScenarioState {
  name: string;
  protocol: Protocol;
  phase: string;
  stepText: string;
  step: number;
  of: number;
  result: { naive: string | null; guarded: string | null };
  done: boolean;
  /** Whether it showed what it must; null until it is done. */
  shown: boolean | null;
}

export interface ScenarioChoice {
  name: string;
  title: string;
  sentence: string;
}
