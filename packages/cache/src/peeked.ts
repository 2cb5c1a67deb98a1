import type { PeekedL2 } from './cache.ts';
import { parseStored } from './core/stored.ts';

/** What READ found in L2, for an observer; null where no reader would accept it. */
export function peeked(
  reply: { is: string; clock: number; text?: string; leftMs?: number },
  redisNow: number | undefined,
): PeekedL2 | null {
  if (reply.is === 'lease' || reply.is === 'mark')
    return { state: reply.is, expiresInMs: Math.max(0, reply.leftMs ?? 0) };
  const stored = reply.text === undefined ? undefined : parseStored(reply.text);
  if (stored?.is !== 'value') return null;
  const expiresInMs = redisNow === undefined ? 0 : stored.expiresAt - redisNow;
  try {
    return { state: 'value', value: JSON.parse(stored.payload), clock: stored.f, expiresInMs };
  } catch {
    return null;
  }
}
