import { sleep, type Time } from '../time.ts';
import type { Outbox, OwnMark } from './outbox.ts';

/** Marks are written together, so many at most, and so long after the first of them, ms. */
const BATCH = 100;
export const OWN_MARKS_MS = 25;
/** Marks that wait; the oldest make room. */
const WAITING = 2_000;
/** How long the end waits for what is still to be written, ms. */
const CLOSE_MS = 500;

/**
 * Tells the outbox which rows this process' own writes have seen to, a little later and for many at once. A mark that gets
 * lost, or is dropped because the origin is slow, costs one more invalidation by a relay and nothing else.
 */
export class OwnMarks {
  readonly #outbox: Pick<Outbox, 'doneBy'>;
  readonly #time: Time;
  #waiting: OwnMark[] = [];
  #writing: Promise<void> | null = null;
  #closed = false;

  constructor(outbox: Pick<Outbox, 'doneBy'>, time: Time) {
    this.#outbox = outbox;
    this.#time = time;
  }

  add(mark: OwnMark): void {
    if (this.#closed) return;
    this.#waiting.push(mark);
    if (this.#waiting.length > WAITING) this.#waiting.shift();
    this.#writing ??= this.#write();
  }

  /** Writes what is waiting, as far as that is quick. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.race([this.#writing, sleep(this.#time, CLOSE_MS)]);
    this.#waiting = [];
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#waiting.length < BATCH && !this.#closed) await sleep(this.#time, OWN_MARKS_MS);
      // Whatever went wrong would be wrong with the next ones too, and the relay is told of it by its own rounds.
      await this.#outbox.doneBy(this.#waiting.splice(0, BATCH)).catch(() => undefined);
    }
    this.#writing = null;
  }
}
