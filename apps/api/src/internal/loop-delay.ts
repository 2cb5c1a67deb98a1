import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
/** The value speaks of the present window and the one before. */
const WINDOW_MS = 5_000;
const NS_PER_MS = 1e6;

/** How late the event loop has been at its latest in the last 5 to 10 s, ms. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #before = 0;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#before = this.#present();
      this.#histogram.reset();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  get ms(): number {
    return Math.round(Math.max(this.#before, this.#present()) * 100) / 100;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  /** What is measured is the time between two samples, of which the resolution is meant to pass. */
  #present(): number {
    return this.#histogram.count === 0 ? 0 : Math.max(0, this.#histogram.max / NS_PER_MS - RESOLUTION_MS);
  }
}
