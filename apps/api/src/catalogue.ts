import type { Cache, Load, ReadResult } from '@lockstep/cache';
import type { Wish } from './http/parameters.ts';
import type { Origin } from './origin/origin.ts';
import type { ListPage, ListQuery, ProductView } from './product.ts';

/** The catalogue as it is read: what is cached under which key, with which tags. */
export class Catalogue {
  readonly #cache: Cache;
  readonly #loadProduct: Load<ProductView>;
  readonly #origin: Origin;

  constructor(cache: Cache, origin: Origin) {
    this.#cache = cache;
    this.#origin = origin;
    this.#loadProduct = async ({ key, signal }) => ({
      value: await origin.product(Number(key.slice(PRODUCT_PREFIX.length)), signal),
    });
  }

  /** At once where L1 has it and that is enough; a promise costs more than all the rest of such a read. */
  product(id: number, wish: Wish): ReadResult<ProductView> | Promise<ReadResult<ProductView>> {
    const key = productKey(id);
    return this.#cache.hit<ProductView>(key, wish) ?? this.#cache.get(key, this.#loadProduct, wish);
  }

  /** Tags carry no more than bounded: a list at a stronger level is loaded. */
  list(query: ListQuery, wish: Wish): ReadResult<ListPage> | Promise<ReadResult<ListPage>> {
    const key = listKey(query);
    const options = wish.level === 'bounded' ? wish : { ...wish, bypass: true };
    const load: Load<ListPage> = async ({ signal }) => ({
      value: await this.#origin.list(query, signal),
      tags: [listTag(query.category)],
    });
    return this.#cache.hit<ListPage>(key, options) ?? this.#cache.get(key, load, options);
  }
}

const PRODUCT_PREFIX = 'product:';

export function productKey(id: number): string {
  return PRODUCT_PREFIX + id;
}

function listKey({ category, limit, after }: ListQuery): string {
  return `products?category=${category ?? ''}&limit=${limit}&after=${after}`;
}

/** What the origin's writes name as well, when they change what a list shows. */
function listTag(category: string | null): string {
  return category === null ? 'products' : `category:${category}`;
}

/** The version of what is cached under a product's key; null for anything else. */
export function versionOf(value: unknown): number | null {
  const view = value as Partial<ProductView> | null;
  if (typeof view !== 'object' || view === null) return null;
  if (view.found === true) return view.product?.version ?? null;
  return view.found === false ? ((view as { version?: number | null }).version ?? null) : null;
}
