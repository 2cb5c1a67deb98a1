import type { Counters } from './cache.ts';
import type { Partition } from './core/partition.ts';
import type { Settings } from './options.ts';
import type { Loads } from './origin/loads.ts';
import type { Notices } from './origin/notices.ts';
import type { Commands } from './redis/commands.ts';

/** What the parts of one cache share: its state, its requests, its limits, and the outside world as values. */
export interface Engine {
  readonly settings: Settings;
  readonly partition: Partition;
  readonly commands: Commands;
  readonly loads: Loads;
  readonly notices: Notices;
  readonly counters: Counters;
  /** Local ms, monotonic. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Never the same twice, in this process or another. */
  readonly nonce: () => string;
  /** Life of a write mark, ms. */
  readonly markMs: number;
  /** Ask for a beat as soon as possible. */
  readonly beatNow: () => void;
}
