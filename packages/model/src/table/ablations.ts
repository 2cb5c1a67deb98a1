import { APPLYING } from './ablations/applying.ts';
import { OUTBOX } from './ablations/outbox.ts';
import { READING } from './ablations/reading.ts';
import type { Ablation } from './ablations/scopes.ts';
import { TAGS } from './ablations/tags.ts';
import { TOKENS } from './ablations/tokens.ts';
import { WRITING } from './ablations/writing.ts';

export type { Ablation };

/** Each gives a counterexample: none of these rules is there for nothing. */
export const ABLATIONS: readonly Ablation[] = [...APPLYING, ...READING, ...TAGS, ...WRITING, ...TOKENS, ...OUTBOX];
