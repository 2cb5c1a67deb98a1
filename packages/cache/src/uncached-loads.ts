import type { Load } from './cache.ts';
import type { Read, ReadEffect } from './core/read.ts';
import type { Engine, Unit } from './engine.ts';
import type { Settled } from './flight.ts';
import type { LoadedValue } from './origin/loads.ts';

/**
 * Loads whose result is not stored, shared by every reader of the key that arrives before the query is sent, whatever its
 * level: the query's snapshot is newer than their arrival. One key has one running and one gathering, so that a thousand
 * readers of a key that cannot be cached now cost the origin two loads at a time.
 */
export class UncachedLoads {
  readonly #engine: Engine;
  /** Loads whose query has not been sent: whoever arrives now may share them. */
  readonly #gathering = new Map<string, Promise<Settled>>();
  /** The load of each key that is running: the next gathering waits for it. */
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  run(unit: Unit, read: Read, load: Load<unknown>): Promise<Settled> {
    const open = this.#gathering.get(read.key);
    if (open !== undefined) return open.then((settled) => ({ ...settled, joined: true }));
    const settled = this.#settled(unit, read, load);
    this.#gathering.set(read.key, settled);
    return settled;
  }

  /** It is gathering from the first `await` on. */
  async #settled(unit: Unit, read: Read, load: Load<unknown>): Promise<Settled> {
    const { key } = read;
    await this.#running.get(key)?.catch(() => undefined);
    let gathers = true;
    const sealed = () => {
      if (gathers) this.#gathering.delete(key);
      gathers = false;
    };
    const running = this.#engine.loads.run(key, load, (at) => {
      sealed();
      read.loading(at);
    });
    this.#running.set(key, running);
    try {
      return await settle(unit, read, await running);
    } finally {
      // Of one that found no place at the origin nobody was told yet.
      sealed();
      if (this.#running.get(key) === running) this.#running.delete(key);
    }
  }
}

/** The clock that is read after the load stamps it. */
async function settle({ requests }: Unit, read: Read, loaded: LoadedValue): Promise<Settled> {
  let effect: ReadEffect = read.loaded(false);
  while (effect.do === 'clock') {
    const { sent, reply } = await requests.clock();
    effect = read.clocked(sent, reply);
  }
  if (effect.do !== 'return') throw new Error(`an uncached load ends with a clock, not with ${effect.do}`);
  const { value, from, ms } = loaded;
  return { ...effect.outcome, value, loadedAt: from, loadMs: ms, joined: false };
}
