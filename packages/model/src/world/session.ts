import type { Stamp } from '@lockstep/cache';
import { merge, partIn, type Token, type TokenPart } from '@lockstep/cache/core/token';
import type { Operation } from '../engine/system.ts';
import type { Property, Scope } from './scope.ts';

/** One client, which does one thing at a time and carries its token from each answer to the next question. */
export interface Session {
  /** Each of its points is as old as `pointTime` tells; 0 where none is forgotten. */
  token: Token;
  /** The newest version that it wrote, and that it has read. */
  wrote: number;
  read: number;
  /** It waits for an answer. */
  busy: boolean;
  /** How often what it has seen may still be forgotten. */
  forgets: number;
}

/** What an answer gives to the client. `past`: what the stamp's epoch is known to succeed. */
export interface Given {
  /** It brings something of which the client knew nothing before; told where tokens age. */
  readonly news: boolean;
  readonly version: number;
  readonly stamp: Stamp;
  readonly past: readonly string[];
  readonly at: number;
  readonly split: boolean;
}

export const sessionFlags = { idle: 1, busy: 2 } as const;

export function flagsOfSession({ busy }: Session): number {
  return busy ? sessionFlags.busy : sessionFlags.idle;
}

/** The version that it may not fall behind. */
export function sessionFloor({ wrote, read }: Session, property: Property): number {
  return property === 'monotonic' ? read : wrote;
}

export function performOnSession(session: Session, operation: Operation, { property, forgets, without }: Scope): void {
  session.busy = false;
  if (operation.do === 'give up') return;
  const { news, version, stamp, past, at, split } = operation.with as Given;
  // What the property does not ask for is no part of the state.
  if (operation.do === 'wrote' && property !== 'monotonic') session.wrote = Math.max(session.wrote, version);
  if (operation.do === 'read' && property === 'monotonic') session.read = Math.max(session.read, version);
  const merged = merging(without)(session.token, stamp, forgets === true ? pointTime(at, split) : 0, past);
  if (news || !sameToken(session.token, merged)) session.token = merged;
}

/**
 * Whether an answer is news, which its point is as old as: another token, or a version that it may not fall behind from now on.
 * The token may be the same then:
 *   1: Redis cannot be asked, and a session reads v0, of which it is unknown when that was   2: it cannot be asked again, and
 *   the session reads v1: unknown as before, and not as old as v0.
 */
export function isNews(session: Session, did: 'read' | 'wrote', version: number, token: Token, scope: Scope): boolean {
  const isJudged = did === (scope.property === 'monotonic' ? 'read' : 'wrote');
  return (isJudged && version > sessionFloor(session, scope.property)) || !sameToken(session.token, token);
}

/** Of a point that was issued while two servers accepted writes. */
const SPLIT = 1 << 16;

/** When a point was issued: the local time, and whether two servers accepted writes then. */
function pointTime(at: number, split: boolean): number {
  return split ? SPLIT + at : at;
}

export function timeOf(issuedAt: number): { at: number; split: boolean } {
  return { at: issuedAt % SPLIT, split: issuedAt >= SPLIT };
}

/** How tokens are merged here: as the library does, unless an ablation has another rule; their points in one order. */
export function merging(without: Scope['without']): (...given: Parameters<typeof merge>) => TokenPart[] {
  const by = without?.merge ?? merge;
  return (...given) => [...by(...given)].sort((one, other) => ((one.epoch ?? '') < (other.epoch ?? '') ? -1 : 1));
}

/** What the session asks of a replica: how long ago it saw that is nothing to a read. */
export function seenBy({ token }: Session): TokenPart | undefined {
  const part = partIn(token, 0);
  return part && { ...part, issuedAt: 0 };
}

/** The same points, however old. */
function sameToken(one: Token, other: Token): boolean {
  return (
    one.length === other.length &&
    one.every(({ epoch, clock }, at) => epoch === other[at]?.epoch && clock === other[at]?.clock)
  );
}
