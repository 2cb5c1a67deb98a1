import type { WriteOrder, WriteOutcome } from '../src/origin/origin.ts';
import type { PostgresOrigin } from '../src/origin/postgres.ts';
import type { Product, ProductFields } from '../src/product.ts';
import { fieldsOf, windowOf } from './origin-database.ts';

let keys = 0;

/** An idempotency key like no other. */
export const newKey = () => `key-${++keys}`;

/** What an order came to, and what the cache's window was told meanwhile. */
export interface Written {
  readonly outcome: WriteOutcome;
  readonly tags: readonly string[];
  readonly opens: number;
}

/** Gives orders to an origin as the replica does, each in a window of its own. */
export class OriginClient {
  readonly #origin: PostgresOrigin;

  constructor(origin: PostgresOrigin) {
    this.#origin = origin;
  }

  async write(order: WriteOrder, key: string | null = null, fingerprint = 'f'): Promise<Written> {
    const window = windowOf();
    const outcome = await this.#origin.write(order, key === null ? null : { key, fingerprint }, window);
    return { outcome, tags: [...window.tags].sort(), opens: window.opens };
  }

  async created(fields: Partial<ProductFields> = {}): Promise<Product> {
    const id = await this.#origin.nextId();
    const { outcome } = await this.write({ kind: 'create', id, fields: fieldsOf(fields) });
    if (outcome.is !== 'created') throw new Error(`expected a product, not ${outcome.is}`);
    return outcome.product;
  }

  /** A product that was created and deleted. */
  async buried(): Promise<Product> {
    const product = await this.created();
    await this.write({ kind: 'delete', id: product.id, condition: null });
    return product;
  }

  /** The version of a product or its tombstone; null for an id that never was. */
  async versionOf(id: number): Promise<number | null> {
    const view = await this.#origin.product(id, new AbortController().signal);
    return view.found ? view.product.version : view.version;
  }
}
