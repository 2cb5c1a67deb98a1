/** A product as the API speaks of it (docs/HTTP.md). */
export interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly priceCents: number;
  readonly stock: number;
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
}

/** What a client decides about a product; the rest is the origin's. */
export type ProductFields = Pick<Product, 'sku' | 'name' | 'description' | 'category' | 'priceCents' | 'stock'>;

/** What there is at an id: a product, or none; `version` is the tombstone's then, null for an id that never was. */
export type ProductView =
  | { readonly found: true; readonly product: Product }
  | { readonly found: false; readonly version: number | null };

export interface ListQuery {
  /** Null: of all categories. */
  readonly category: string | null;
  /** 1 to 100. */
  readonly limit: number;
  /** Only ids above this one; 0 for the first page. */
  readonly after: number;
}

/** Products in order of id; `next` is the `after` of the following page, null at the end. */
export interface ListPage {
  readonly items: readonly Product[];
  readonly next: number | null;
}
