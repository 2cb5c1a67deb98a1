/** A value of the size that the catalogue caches: about 400 bytes as JSON. */
export interface Product {
  readonly id: number;
  readonly version: number;
}

export function productOf(id: number): Product & Readonly<Record<string, unknown>> {
  return {
    id,
    sku: `SKU-${String(id).padStart(6, '0')}`,
    name: `A product of the catalogue, number ${id}`,
    description: 'Written out at some length, as descriptions are. '.repeat(4).trim(),
    category: `category-${id % 20}`,
    priceCents: (id * 37) % 100_000,
    stock: id % 250,
    version: 1,
    updatedAt: '2026-01-01T00:00:00.000Z',
  };
}

export function keyOf(id: number): string {
  return `product:${id}`;
}
