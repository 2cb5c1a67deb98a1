import { expect } from 'vitest';
import { type Answer, ask, header } from './client.ts';

/**
 * Reads until L1 answers, and returns that answer. A second read is not enough, as L1 may have let go meanwhile:
 *   1: a write is acknowledged   2: a read loads its product into L1   3: the relay, which its writer has not told in time
 *   that this row is seen to, invalidates it once more.
 * Or a busy machine is late with a proof.
 */
export async function warmRead(url: string): Promise<Answer> {
  let answer = await ask(url);
  const tier = async () => {
    answer = await ask(url);
    return header(answer, 'x-cache');
  };
  await expect.poll(tier, { interval: 5 }).toBe('L1');
  return answer;
}
