import { seeded } from '@lockstep/traffic/random';

/**
 * Numbers that a seed repeats. Each part of a cluster draws from a stream of its own, so that what one of them does more or
 * less often changes nothing for the others: a shrunk plan stays the same run.
 */
export class Random {
  /** In [0, 1). */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seeded(seed);
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }

  /** Exponential: short mostly, and now and then long. */
  around(mean: number): number {
    return -Math.log(1 - this.next()) * mean;
  }
}

/** The seed of a stream: any two differ, also for neighbouring seeds and labels. */
export function streamOf(seed: number, label: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(label + 0x7f4a7c15, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}
