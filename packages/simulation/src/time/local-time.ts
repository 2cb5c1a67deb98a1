import type { Time } from '@lockstep/cache/time';
import type { Actor, Agenda } from './agenda.ts';

/** How far a clock drifts from the virtual one, as a part of it: two of them less than twice as much (A3). */
export const DRIFT_MOST = 0.0049;
/** The shortest timer of Node, ms. */
const TIMER_LEAST_MS = 1;

/** The monotonic clock of one process, a little fast or slow (A3), and its timers, which stand still when it does. */
export class LocalTime implements Time {
  readonly #agenda: Agenda;
  readonly #actor: Actor;
  #offset: number;
  readonly #rate: number;

  /** `rate`: local ms in one virtual ms. */
  constructor(agenda: Agenda, actor: Actor, offset: number, rate: number) {
    this.#agenda = agenda;
    this.#actor = actor;
    this.#offset = offset;
    this.#rate = rate;
  }

  now(): number {
    return this.#offset + this.#agenda.now * this.#rate;
  }

  /** Test only: as a clock that does not count the time for which its process was suspended. */
  stoodStill(ms: number): void {
    this.#offset -= ms * this.#rate;
  }

  after(ms: number, run: () => void): () => void {
    const agenda = this.#agenda;
    const due = agenda.now + Math.max(TIMER_LEAST_MS, Math.trunc(ms)) / this.#rate;
    const timer = agenda.turn(this.#actor, due, run, true);
    return () => {
      timer.void = true;
    };
  }
}
