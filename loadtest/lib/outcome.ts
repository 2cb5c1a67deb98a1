import type { Outcome } from '@lockstep/history';

/** What a client may conclude from an answer, of which only its status and body are looked at. */
export interface Answered {
  readonly status: number;
  readonly body: string | null;
}

/** Problems that docs/HTTP.md gives before anything is committed. */
const NOTHING_COMMITTED: readonly string[] = ['cache_unreachable', 'overloaded', 'origin_unavailable'];

/**
 * Whether a write took effect. `unknown` unless the answer says so itself: taking a write that was committed after all
 * for failed would make its version look like one that nobody has written.
 */
export function outcomeOfWrite({ status, body }: Answered): Outcome {
  if (status >= 200 && status < 300) return 'ok';
  if (status >= 400 && status < 500) return 'failed';
  return status === 503 && NOTHING_COMMITTED.includes(codeOf(body)) ? 'failed' : 'unknown';
}

/** The `code` of a problem; '' where there is none. */
export function codeOf(body: string | null): string {
  try {
    const problem: unknown = JSON.parse(body ?? '');
    return typeof problem === 'object' && problem !== null && 'code' in problem ? String(problem.code) : '';
  } catch {
    return '';
  }
}
