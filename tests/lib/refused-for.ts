import { expect } from 'vitest';
import { ask } from './client.ts';

/**
 * Writes to a product until a write is accepted. Resolves to how long after `since` one was last asked for in vain, ms, 0 when
 * never: how long the answer takes that says yes depends on the machine.
 */
export async function refusedFor(product: string, since: number): Promise<number> {
  let refusedAt = since;
  const accepted = async () => {
    const asked = performance.now();
    const { status } = await ask(product, { method: 'PATCH', json: { stock: 1 } });
    if (status !== 200) refusedAt = asked;
    return status;
  };
  await expect.poll(accepted, { interval: 20 }).toBe(200);
  return refusedAt - since;
}
