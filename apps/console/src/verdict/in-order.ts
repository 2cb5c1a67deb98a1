import type { Operation } from '@lockstep/history';

/** What may wait for the other thread: at the usual rate a minute and more of its silence. */
const WAITING_MOST = 10_000;

interface Waiting {
  readonly at: number;
  readonly take: () => void;
}

interface InOrderOptions {
  readonly take: (operation: Operation) => void;
  /** Called with each of this thread's that is not taken, as too many wait already: nobody can say whether it was right. */
  readonly lost: () => void;
  readonly waitingMost?: number;
}

/**
 * Puts what several threads saw into one order, that of their ends, as the judge needs it: what this thread saw waits until
 * the other one has told everything up to then.
 */
export class InOrder {
  readonly #take: (operation: Operation) => void;
  readonly #lost: () => void;
  readonly #most: number;
  #waiting: Waiting[] = [];

  constructor({ take, lost, waitingMost = WAITING_MOST }: InOrderOptions) {
    this.#take = take;
    this.#lost = lost;
    this.#most = waitingMost;
  }

  /** Seen by this thread at a time that is not before what it has seen already. */
  own(at: number, take: () => void): void {
    if (this.#waiting.length < this.#most) this.#waiting.push({ at, take });
    else this.#lost();
  }

  /** Everything that the other thread has seen end until a time, in that order. */
  others(operations: readonly Operation[], until: number): void {
    const waiting = this.#waiting;
    let next = 0;
    const takeUntil = (at: number) => {
      for (; (waiting[next]?.at ?? Infinity) <= at; next++) waiting[next]?.take();
    };
    for (const operation of operations) {
      takeUntil(operation.end);
      this.#take(operation);
    }
    takeUntil(until);
    this.#waiting = waiting.slice(next);
  }
}
