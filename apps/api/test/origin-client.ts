import { expect, vi } from 'vitest';
import type { WriteOrder, WriteOutcome } from '../src/origin/origin.ts';
import type { PostgresOrigin } from '../src/origin/postgres.ts';
import type { Product, ProductFields } from '../src/product.ts';
import { fieldsOf, type TestDatabase, windowOf } from './origin-database.ts';
import { WAIT } from './servers.ts';

/** Transactions that an origin may have at a time. */
export const WRITERS = 12;
/** Of a write that waits for others like it, ms. */
const WRITE_MS = 20_000;

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

/**
 * Opens every connection for writes, and so many for loads: each has two seconds for it, and opened by those who are to come
 * at the same time a busy machine would have no more for all of them.
 */
export async function everyConnectionOpen(
  origin: PostgresOrigin,
  database: TestDatabase,
  { applicationName, id, loads }: { readonly applicationName: string; readonly id: number; readonly loads: number },
): Promise<void> {
  const order: WriteOrder = { kind: 'patch', id, fields: { name: 'Again' }, condition: null };
  const open = async () => {
    await Promise.allSettled([
      ...Array.from({ length: WRITERS }, () => origin.write(order, null, windowOf(WRITE_MS))),
      ...Array.from({ length: loads }, () => origin.nextId()),
    ]);
    const [row] = await database.sql('SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1', [
      applicationName,
    ]);
    return row?.n;
  };
  await vi.waitFor(async () => expect(await open()).toBe(WRITERS + loads), WAIT);
}
