import type { WriteOutcome } from './origin.ts';

/** What came of a write, and the tags that it invalidates. */
export interface Written {
  readonly outcome: WriteOutcome;
  readonly tags: readonly string[];
}

/** An outcome that left every product as it was. */
export function withoutTags(outcome: WriteOutcome): Written {
  return { outcome, tags: [] };
}
