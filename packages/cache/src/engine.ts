import type { Counters, Stamp } from './cache.ts';
import type { Partition } from './core/partition.ts';
import type { Lives } from './lives.ts';
import type { Settings } from './options.ts';
import type { Loads } from './origin/loads.ts';
import type { Notices } from './origin/notices.ts';
import type { OwnMarks } from './outbox/own-marks.ts';
import type { Requests } from './requests.ts';
import type { Time } from './time.ts';

/** One partition with the way to its Redis. */
export interface Unit {
  readonly partition: Partition;
  readonly requests: Requests;
  /** The last answer of `reflected`. */
  reflects: Stamp;
}

/** What the parts of one cache share: its state, its requests, its limits, and the outside world as values. */
export interface Engine {
  readonly settings: Settings;
  readonly units: readonly Unit[];
  /** Where a key lives. */
  readonly unitOf: (key: string) => Unit;
  readonly loads: Loads;
  readonly notices: Notices;
  readonly counters: Counters;
  readonly time: Time;
  /** In [0, 1). */
  readonly random: () => number;
  /** Never the same twice, in this process or another. */
  readonly nonce: () => string;
  readonly lives: Lives;
  /** Null: there is no outbox. */
  readonly ownMarks: OwnMarks | null;
  /** Asks for a beat as soon as possible; resolves after a round that began later. */
  readonly beatNow: () => Promise<void>;
}

/** What the tiers of a partition reflect at least, as an answer's certificate tells. */
export function reflected(unit: Unit): Stamp {
  const { index, epoch, applied } = unit.partition;
  const { reflects } = unit;
  // Of every hit, and the same for all of them until something is applied.
  if (reflects.clock !== applied || reflects.epoch !== epoch)
    unit.reflects = { partition: index, epoch, clock: applied };
  return unit.reflects;
}
