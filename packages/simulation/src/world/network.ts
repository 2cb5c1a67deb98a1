import type { Random } from '../time/random.ts';

/** Now and then a packet is late by so many times what is usual. */
const LATE_FACTOR = 20;
const LATE_CHANCE = 0.01;
/** Of requests that are sent a second time, as Redis did not know the script. */
const AGAIN_CHANCE = 0.005;
/** Nothing is faster than this, ms. */
const LEAST_MS = 0.05;
/** ... nor slower than this: TCP gives up. */
const MOST_MS = 1_500;

/** The network between one replica and Redis, as it is now; faults change it, and `heal` ends them. */
export class Network {
  /** Requests vanish, without a word to either side: a half-open connection. */
  requestsLost = false;
  /** Requests arrive and are executed, answers vanish. */
  repliesLost = false;
  busLost = false;
  /** Probability with which a message of the bus is lost. */
  busLoss = 0;
  /** Added to each message of the bus, ms. */
  busLagMs = 0;
  /** What everything takes, ms, one way. */
  readonly #meanMs: number;
  readonly #random: Random;
  #slow = 1;
  #lateChance = LATE_CHANCE;

  constructor(random: Random, meanMs: number) {
    this.#random = random;
    this.#meanMs = meanMs;
  }

  slow(factor: number): void {
    this.#slow = factor;
  }

  get isSlow(): boolean {
    return this.#slow > 1;
  }

  heal(): void {
    this.requestsLost = false;
    this.repliesLost = false;
    this.busLost = false;
    this.busLoss = 0;
    this.busLagMs = 0;
    this.#slow = 1;
    this.#lateChance = 0;
  }

  /** One way of one message, ms. */
  latency(): number {
    const mean = this.#meanMs * this.#slow * (this.#random.chance(this.#lateChance) ? LATE_FACTOR : 1);
    return Math.min(LEAST_MS + this.#random.around(mean), MOST_MS);
  }

  sendsAgain(): boolean {
    return this.#random.chance(AGAIN_CHANCE);
  }

  busLoses(): boolean {
    return this.busLost || (this.busLoss > 0 && this.#random.chance(this.busLoss));
  }

  /** How many of the requests that are on their way when the connection closes have come far enough to be executed. */
  survivors(count: number): number {
    return this.#random.below(count + 1);
  }
}
