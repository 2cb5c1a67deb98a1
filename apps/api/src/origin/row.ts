import type { Product, ProductFields } from '../product.ts';

/**
 * The columns of a product, as `productOf` reads them. The time is made text by Postgres: what a driver makes of a
 * timestamp depends on settings of the role and the process.
 */
export const COLUMNS = `id, sku, name, description, category, price_cents, stock, version,
  to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at,
  deleted_at IS NOT NULL AS deleted`;

/** A `bigint` arrives as text, as it may be more than a number holds; the table's checks keep it within that. */
export interface ProductRow {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly price_cents: number;
  readonly stock: number;
  readonly version: string;
  readonly updated_at: string;
  readonly deleted: boolean;
}

export function productOf(row: ProductRow): Product {
  return {
    id: Number(row.id),
    sku: row.sku,
    name: row.name,
    description: row.description,
    category: row.category,
    priceCents: row.price_cents,
    stock: row.stock,
    version: Number(row.version),
    updatedAt: row.updated_at,
  };
}

/** The parameters $2 to $7 of the statements that write all fields. */
export function valuesOf(fields: ProductFields): readonly unknown[] {
  return [fields.sku, fields.name, fields.description, fields.category, fields.priceCents, fields.stock];
}
