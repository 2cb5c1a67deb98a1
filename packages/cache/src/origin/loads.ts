import type { Load, LoadContext, Loaded } from '../cache.ts';
import { CacheError } from '../errors.ts';
import { REAL_TIME, type Time } from '../time.ts';
import { Bulkhead } from './bulkhead.ts';
import { type Encoded, encode } from './encode.ts';

/** Loads that wait for each one that may run. */
const WAITING_PER_LOAD = 64;

/** What a load brought, in the shape that every tier will give back: encoded once, decoded from that, frozen. */
export interface LoadedValue extends Encoded {
  readonly ms: number;
  /** Local ms at which the loader was called. */
  readonly from: number;
}

class Context implements LoadContext {
  readonly key: string;
  #controller: AbortController | null = null;
  #reason: Error | null = null;

  constructor(key: string) {
    this.key = key;
  }

  /** Made when it is asked for: most loaders look at none. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/**
 * Runs loaders: behind the bulkhead, where they wait for the load limit at most, then within that limit. A load that
 * overruns is answered as failed at the limit, but keeps its place until it has ended: the wall bounds what the origin
 * really does, not what callers still wait for.
 */
export class Loads {
  readonly #bulkhead: Bulkhead;
  readonly #limitMs: number;
  readonly #time: Time;

  constructor(places: number, limitMs: number, time: Time = REAL_TIME) {
    this.#bulkhead = new Bulkhead(places, places * WAITING_PER_LOAD, limitMs, time);
    this.#limitMs = limitMs;
    this.#time = time;
  }

  /** `starting` is called in the turn in which the loader is. */
  async run(key: string, load: Load<unknown>, starting: (now: number) => void): Promise<LoadedValue> {
    await this.#bulkhead.enter();
    const from = this.#time.now();
    starting(from);
    const { value, payload, tags } = encode(key, await this.#within(key, load));
    return { value, payload, tags, ms: this.#time.now() - from, from };
  }

  #within(key: string, load: Load<unknown>): Promise<Loaded<unknown>> {
    const context = new Context(key);
    return new Promise((resolve, reject) => {
      const cancel = this.#time.after(this.#limitMs, () => {
        const error = new CacheError('E_CACHE_LOAD_TIMEOUT', `${key} was not loaded within ${this.#limitMs} ms`);
        context.abort(error);
        reject(error);
      });
      const ended = () => {
        this.#bulkhead.leave();
        cancel();
      };
      begun(load, context).then(
        (loaded) => {
          ended();
          resolve(loaded);
        },
        (error: unknown) => {
          ended();
          reject(error);
        },
      );
    });
  }
}

/** Also of a loader that throws in its own turn, or answers without a promise. */
async function begun(load: Load<unknown>, context: LoadContext): Promise<Loaded<unknown>> {
  return load(context);
}
