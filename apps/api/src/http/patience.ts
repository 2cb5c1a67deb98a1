/** A wait that may be usual on a busy machine, ms. */
const TARGET_MS = 100;
/** A wait that says that there was no more than could be done, ms. */
const CALM_MS = 20;
/** How long waits may be longer than the target before it is looked at why, ms. */
const INTERVAL_MS = 250;
/** The longest wait in a burst, ms: its clients still wait for an answer. */
const BURST_MS = 5_000;

/** What is known of the line. */
export interface Look {
  /** Local ms. */
  readonly now: number;
  /** How long the first has waited. */
  readonly longestMs: number;
  /** Requests that have come to the line so far, and that were begun out of it. */
  readonly came: number;
  readonly begun: number;
}

/**
 * How long a request may wait until it is begun: CoDel's rule, as servers use it, for the line that does not become
 * shorter. A burst makes everybody wait, and so does a stall, however long; both are over when the line has been served,
 * and nobody need be turned away. But when at each look for a whole interval somebody has waited longer than the target,
 * and no fewer came meanwhile than were begun, more comes than can be done. From then on whoever has waited longer than
 * the target is turned away, until a look finds nobody who has waited for more than a moment: that nobody has waited longer
 * than the target is what turning away brings about, not the end of its cause.
 *
 * CoDel asks for the wait alone, as a router cannot see who ends a burst: of 300 who come at once to a replica that needs
 * a second for them it would turn most away, and nobody else would have come.
 *
 * The interval begins when a long wait is seen, not when it began: a stall of a second is one look.
 */
export class Patience {
  /** The first look of this interval, with its long wait. */
  #since: Look | null = null;
  #limitMs = Number.POSITIVE_INFINITY;

  /** Looks at the line; returns the longest wait with which a request is still begun, ms. */
  look(look: Look): number {
    const wait = this.#limitMs === TARGET_MS ? CALM_MS : TARGET_MS;
    if (look.longestMs <= wait) {
      this.#since = null;
      this.#limitMs = Number.POSITIVE_INFINITY;
    } else if (this.#since === null) {
      this.#since = look;
    } else if (this.#limitMs !== TARGET_MS && look.now - this.#since.now >= INTERVAL_MS) {
      const shrinks = look.came - this.#since.came < look.begun - this.#since.begun;
      this.#limitMs = shrinks ? BURST_MS : TARGET_MS;
      this.#since = look;
    }
    return this.#limitMs;
  }
}
