/**
 * Whole clusters run one at a time, as two of them would measure each other; the same goes for whatever else wants the
 * cores. What a cluster starts, it starts at any time, so it is looked for again and again.
 */
import { goFirst } from '../lib/affinity.ts';

const AGAIN_MS = 1_000;

setInterval(goFirst, AGAIN_MS).unref();
