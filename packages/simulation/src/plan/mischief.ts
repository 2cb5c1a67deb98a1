import type { Random } from '../time/random.ts';
import type { Failure, Fault } from './plan.ts';

/** Draws failures of a scenario, each at some time while clients are at work. */
export class Mischief {
  readonly faults: Fault[] = [];
  readonly #random: Random;
  readonly #spanMs: number;
  readonly #replicas: number;
  readonly #keys: readonly string[];

  constructor(random: Random, spanMs: number, replicas: number, keys: readonly string[]) {
    this.#random = random;
    this.#spanMs = spanMs;
    this.#replicas = replicas;
    this.#keys = keys;
  }

  /** So many of them, or fewer, each of a kind that is drawn from these. */
  some(most: number, ...kinds: readonly ((mischief: Mischief) => void)[]): void {
    for (let left = 1 + this.#random.below(most); left > 0; left--) this.#random.pick(kinds)(this);
  }

  at(at: number, failure: Failure): void {
    this.faults.push({ at, ...failure });
  }

  /** Early enough for something to follow. */
  get moment(): number {
    return this.#random.between(20, this.#spanMs * 0.9);
  }

  get #replica(): number {
    return this.#random.below(this.#replicas);
  }

  #ms(least: number, most: number): number {
    return Math.round(this.#random.between(least, most));
  }

  readonly cut = (): void => {
    this.at(this.moment, { do: 'cut', replica: this.#replica });
  };

  readonly cutBus = (): void => {
    this.at(this.moment, { do: 'cut bus', replica: this.#replica });
  };

  readonly hole = (): void => {
    const lost = this.#random.pick(['requests', 'replies', 'bus'] as const);
    this.at(this.moment, { do: 'hole', replica: this.#replica, lost, ms: this.#ms(50, 1_600) });
  };

  readonly busHole = (): void => {
    this.at(this.moment, { do: 'hole', replica: this.#replica, lost: 'bus', ms: this.#ms(50, 1_600) });
  };

  readonly lossyBus = (): void => {
    const probability = this.#random.pick([0.1, 0.5, 1]);
    this.at(this.moment, { do: 'lossy bus', probability, ms: this.#ms(100, 1_500) });
  };

  readonly slowBus = (): void => {
    this.at(this.moment, { do: 'slow bus', replica: this.#replica, lagMs: this.#ms(5, 800), ms: this.#ms(50, 1_000) });
  };

  readonly slowLink = (): void => {
    const factor = this.#random.pick([5, 30, 200]);
    this.at(this.moment, { do: 'slow link', replica: this.#replica, factor, ms: this.#ms(50, 1_000) });
  };

  readonly pause = (): void => {
    const first = this.#random.pick(['timers', 'messages'] as const);
    const ms = this.#random.chance(0.5) ? this.#ms(5, 200) : this.#ms(200, 1_800);
    this.at(this.moment, { do: 'pause', replica: this.#replica, ms, first });
  };

  /** What the bus brings meanwhile does not wait: it is lost. */
  readonly deafPause = (): void => {
    const replica = this.#replica;
    const at = this.moment;
    const ms = this.#ms(100, 1_500);
    this.at(at - 5, { do: 'hole', replica, lost: 'bus', ms: ms + 50 });
    this.at(at, { do: 'pause', replica, ms, first: this.#random.pick(['timers', 'messages'] as const) });
  };

  readonly crash = (): void => {
    this.at(this.moment, { do: 'crash', replica: this.#replica, ms: this.#ms(1, 300) });
  };

  readonly replace = (): void => {
    this.at(this.moment, { do: 'replace', replica: this.#replica });
  };

  readonly stall = (): void => {
    this.at(this.moment, { do: 'stall', ms: this.#ms(5, 1_300) });
  };

  readonly evict = (): void => {
    this.at(this.moment, { do: 'evict', key: this.#random.pick(this.#keys) });
  };

  readonly lose = (): void => {
    this.at(this.moment, { do: this.#random.pick(['lose meta', 'trim journal', 'sweep tag'] as const) });
  };

  readonly sweepTag = (): void => {
    this.at(this.moment, { do: 'sweep tag' });
  };

  readonly empty = (): void => {
    this.at(this.moment, { do: 'empty', replica: this.#replica });
  };

  readonly slowOrigin = (): void => {
    this.at(this.moment, { do: 'slow origin', factor: this.#random.pick([5, 20, 100]), ms: this.#ms(50, 800) });
  };

  readonly slowCommits = (): void => {
    this.at(this.moment, { do: 'slow commits', factor: this.#random.pick([10, 40]), ms: this.#ms(100, 600) });
  };

  /** A replica whose last proof comes late, and which hears nothing afterwards. */
  readonly lateProof = (): void => {
    const replica = this.#replica;
    const at = this.#random.between(10, 200);
    this.at(at, { do: 'hole', replica, lost: 'bus', ms: 2_000 });
    this.at(at, { do: 'slow link', replica, factor: 500, ms: 400 });
    this.at(at + 400, { do: 'hole', replica, lost: 'requests', ms: 1_600 });
  };

  /** Everything in Redis is gone while commits are under way, whose marks were there. */
  readonly flushUnderWrites = (): void => {
    const at = this.moment;
    this.at(at - 100, { do: 'slow commits', factor: this.#random.pick([10, 30]), ms: 300 });
    this.at(at, { do: 'flush' });
  };

  /** A writer that hears of its mark late, and takes its time then. */
  readonly slowWriter = (): void => {
    const at = this.moment;
    this.at(at, { do: 'slow link', replica: this.#replica, factor: 200, ms: 400 });
    this.at(at, { do: 'slow commits', factor: 40, ms: 600 });
  };

  readonly failingOrigin = (): void => {
    this.at(this.moment, { do: 'failing origin', ms: this.#ms(10, 900) });
  };

  readonly restart = (): void => {
    const at = this.moment;
    const data = this.#random.pick(['kept', 'lost', 'lost'] as const);
    // What was written since then is what the restart loses.
    this.at(at * this.#random.next(), { do: 'persist' });
    this.at(at, { do: 'restart', data, ms: this.#ms(1, 400) });
  };

  /** What is lost is now and then just what a write did at its end. */
  readonly lossyRestart = (): void => {
    const at = this.#random.chance(0.5) ? this.#spanMs - this.#random.around(40) : 150 + this.moment * 0.9;
    this.at(at - 150, { do: 'slow commits', factor: 10, ms: 150 });
    this.at(at - this.#random.around(12), { do: 'persist' });
    this.at(at, { do: 'restart', data: 'lost', ms: this.#ms(1, 50) });
  };

  readonly flush = (): void => {
    this.at(this.moment, { do: 'flush' });
  };

  /** A failover, and the former primary promoted again with what it held. */
  readonly thereAndBack = (): void => {
    const at = this.moment * 0.6;
    const movesMs = Array.from({ length: this.#replicas }, () => this.#ms(0, 60));
    this.at(at - 1, { do: 'replicate' });
    this.at(at, { do: 'failover', acceptsMs: 0, movesMs });
    this.at(at + this.#ms(60, 300), { do: 'fail back', acceptsMs: 0, movesMs });
  };

  /** Replication that lags, then a failover; the former primary goes on for a while, rejoins, or is promoted again. */
  failover(acceptsMs: number): void {
    const random = this.#random;
    const at = this.moment;
    for (let copies = 1 + random.below(3); copies > 0; copies--) {
      this.at(Math.max(1, at - random.around(60)), { do: 'replicate' });
    }
    const movesMs = Array.from({ length: this.#replicas }, () => this.#ms(0, 900));
    this.at(at, { do: 'failover', acceptsMs, movesMs });
    const then = at + acceptsMs + this.#ms(1, 900);
    const next = random.below(4);
    if (next === 0) this.at(then, { do: 'rejoin' });
    if (next === 1) this.at(then, { do: 'undo' });
    if (next === 3) this.at(at + this.#ms(1, 900), { do: 'fail back', acceptsMs, movesMs });
    if (next === 2) {
      this.at(then, { do: 'rejoin' });
      this.at(then + this.#ms(1, 300), { do: 'replicate' });
      this.at(then + this.#ms(300, 500), { do: 'failover', acceptsMs, movesMs });
    }
  }
}
