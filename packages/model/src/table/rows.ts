import { BOUNDED } from './rows/bounded.ts';
import { CONVERGENCE } from './rows/convergence.ts';
import { OUTBOX } from './rows/outbox.ts';
import type { Row } from './rows/row.ts';
import { SESSIONS } from './rows/sessions.ts';
import { STRONG } from './rows/strong.ts';
import { TAGS } from './rows/tags.ts';

export type { Row };

/** With `--quick`: a second or less for most rows. */
export const QUICK_STATES = 20_000;

/** The table: every level of docs/PROTOCOL.md section 8, with every fault that it is said to hold through. */
export const ROWS: readonly Row[] = [...BOUNDED, ...SESSIONS, ...STRONG, ...CONVERGENCE, ...OUTBOX, ...TAGS];
