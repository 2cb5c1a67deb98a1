import { ask } from './ask.ts';
import type { TestReplica } from './replicas.ts';

let made = 0;

/** What a creation needs: a product like no other. */
export const fields = (more: object = {}) => ({
  sku: `SKU-${++made}`,
  name: 'Lamp',
  category: 'lighting',
  priceCents: 1_900,
  ...more,
});

/** What a replacement needs: every field. */
export const whole = (more: object = {}) => fields({ description: 'Bright.', stock: 3, ...more });

/** Creates such a product at the replica. */
export async function create(
  { url }: TestReplica,
  more: object = {},
): Promise<{ id: number; sku: string; path: string }> {
  const { json } = await ask(`${url}/products`, { method: 'POST', body: fields(more) });
  return { ...json, path: `/products/${json.id}` };
}
