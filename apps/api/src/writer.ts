import { type Cache, type Stamp, WindowClosed } from '@lockstep/cache';
import { productKey } from './catalogue.ts';
import type { Idempotency, Origin, WriteOrder, WriteOutcome } from './origin/origin.ts';
import type { ProductFields } from './product.ts';

/** How often a creation is looked up again under its key: once, unless the first one is undone meanwhile. */
const CREATION_TRIES = 3;

/** How often a write is begun whose mark had run down before there was a transaction: every connection was busy. */
const WINDOW_TRIES = 3;

/** What came of a write, once every replica that answers within the bound has been told of it. */
export interface Written {
  readonly outcome: WriteOutcome;
  readonly stamps: readonly Stamp[];
  /** Time in the origin. */
  readonly originMs: number;
}

/**
 * Writes through the cache: marked before the commit, invalidated after it. So is the replay of a write that was
 * committed before, as whoever committed it may have died between its commit and its UNMARK: an answer always means
 * "invalidated everywhere".
 */
export class CatalogueWriter {
  readonly #cache: Cache;
  readonly #origin: Origin;

  constructor(cache: Cache, origin: Origin) {
    this.#cache = cache;
    this.#origin = origin;
  }

  /** Nothing is committed by an attempt whose window has closed, so the next one is the first for all that anybody sees. */
  async write(order: WriteOrder, idempotency: Idempotency | null): Promise<Written> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#attempt(order, idempotency);
      } catch (error) {
        if (!(error instanceof WindowClosed) || tries === WINDOW_TRIES) throw error;
      }
    }
  }

  async #attempt(order: WriteOrder, idempotency: Idempotency | null): Promise<Written> {
    let originMs = 0;
    const { result, stamps } = await this.#cache.mutate({ keys: [productKey(order.id)] }, async (window) => {
      const since = performance.now();
      try {
        return await this.#origin.write(order, idempotency, window);
      } finally {
        originMs = performance.now() - since;
      }
    });
    return { outcome: result, stamps, originMs };
  }

  /**
   * The id is taken first, so that a cached 404 of it is marked as well. Of two creations under one key at the same
   * time, the second learns in its transaction that the first has another id:
   *   1: A and B look up the key, both find nothing and take ids 7 and 8   2: A commits 7   3: B finds A's outcome, with
   *   8 marked   4: A dies before its UNMARK, B answers "created 7".
   * So B writes again, under 7, and invalidates what A would have.
   */
  async create(fields: ProductFields, idempotency: Idempotency | null): Promise<Written> {
    const known = idempotency === null ? null : await this.#origin.createdId(idempotency.key);
    let id = known ?? (await this.#origin.nextId());
    for (let tries = 1; ; tries++) {
      const written = await this.write({ kind: 'create', id, fields }, idempotency);
      const { outcome } = written;
      if (outcome.is !== 'created' || outcome.product.id === id || tries === CREATION_TRIES) return written;
      id = outcome.product.id;
    }
  }
}
