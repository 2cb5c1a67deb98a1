import type { Stamp } from '../cache.ts';
import { TOKEN_LENGTH } from './limits.ts';

/**
 * A client's token: the newest point it has seen in each partition's history. Opaque to clients, unsigned: a forged
 * one can only make its own client's reads slower. Text: `1~<partition>.<epoch>.<clock>.<issued>[.f]~...`, numbers in
 * base 36, an epoch of `-` where none is known; all of it safe in a header and in a cookie.
 */
export interface TokenPart {
  readonly partition: number;
  /** Null: this client read something while Redis could not be asked. */
  readonly epoch: string | null;
  readonly clock: number;
  /** Redis ms as its issuer knew it: never behind the truth, perhaps a little ahead. */
  readonly issuedAt: number;
  /** No clock of the present epoch is known to cover what this client has seen: only the origin can serve it. */
  readonly foreign: boolean;
}

export type Token = readonly TokenPart[];

const PART = /^([0-9a-z]{1,4})\.([0-9A-Za-z]{1,64}|-)\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})(\.f)?$/;

/** Any other text counts as a foreign token, not as an error: it may come from a newer or an older release. */
export function parseToken(text: string): Token {
  if (text.length > TOKEN_LENGTH) return [foreignPart(0, 0)];
  const [version, ...parts] = text.split('~');
  if (version !== '1' || parts.length === 0) return [foreignPart(0, 0)];
  return parts.map((part, index) => {
    const words = PART.exec(part);
    if (words === null) return foreignPart(index, 0);
    const epoch = words[2] === '-' ? null : (words[2] ?? null);
    return {
      partition: Number.parseInt(words[1] ?? '', 36),
      epoch,
      clock: Number.parseInt(words[3] ?? '', 36),
      issuedAt: Number.parseInt(words[4] ?? '', 36),
      foreign: epoch === null || words[5] !== undefined,
    };
  });
}

/** At most 2 KiB: what does not fit becomes a foreign token, with which its client is served by the origin. */
export function formatToken(token: Token): string {
  const parts = token.map(({ partition, epoch, clock, issuedAt, foreign }) => {
    const words = `${partition.toString(36)}.${epoch ?? '-'}.${clock.toString(36)}.${issuedAt.toString(36)}`;
    return foreign && epoch !== null ? `${words}.f` : words;
  });
  const text = ['1', ...parts].join('~');
  return text.length <= TOKEN_LENGTH ? text : formatToken([foreignPart(0, 0)]);
}

/**
 * The part that a client holds after an answer stamped `stamp`. Same epoch: the larger clock. Another epoch replaces
 * the client's only if it is known to succeed it; else the client keeps its own and it becomes foreign [7, M4]: an
 * answer of a deposed primary would wash out what the client has seen. `past` is what the epoch of the stamp succeeds, and
 * empty where that is not known.
 */
export function mergePart(
  client: TokenPart | undefined,
  stamp: Stamp,
  issuedAt: number,
  past: readonly string[],
): TokenPart {
  const at = Math.max(client?.issuedAt ?? 0, issuedAt);
  if (stamp.epoch === null) {
    return client === undefined ? foreignPart(stamp.partition, at) : { ...client, issuedAt: at, foreign: true };
  }
  const stamped: TokenPart = {
    partition: stamp.partition,
    epoch: stamp.epoch,
    clock: stamp.clock,
    issuedAt: at,
    foreign: false,
  };
  if (client === undefined || client.epoch === null) return stamped;
  if (client.epoch === stamp.epoch) return { ...stamped, clock: Math.max(client.clock, stamp.clock) };
  return past.includes(client.epoch) ? stamped : { ...client, issuedAt: at, foreign: true };
}

function foreignPart(partition: number, issuedAt: number): TokenPart {
  return { partition, epoch: null, clock: 0, issuedAt, foreign: true };
}
