/**
 * Whole clusters run one at a time, as two of them would measure each other; the same goes for whatever else wants the
 * cores. What a cluster starts, it starts at any time, so it is looked for again and again.
 */
import { afterAll } from 'vitest';
import { goFirst, sessionFirst } from '../lib/affinity.ts';

const AGAIN_MS = 1_000;

const giveBack = sessionFirst();
const timer = setInterval(goFirst, AGAIN_MS);

afterAll(() => {
  clearInterval(timer);
  giveBack();
});
