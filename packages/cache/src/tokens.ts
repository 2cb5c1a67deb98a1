import type { Stamp } from './cache.ts';
import type { Partition } from './core/partition.ts';
import { ANY_PARTITION, formatToken, merge, parseToken, partIn, type Token, type TokenPart } from './core/token.ts';
import type { Engine } from './engine.ts';

/** Clients' tokens: what one has seen in each partition, read from its text and written back with what it was given. */
export class Tokens {
  readonly #engine: Engine;
  /** The last one that was read: a read asks for its part, and then for the next one made of it. */
  #text: string | null = null;
  #token: Token = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What this client has seen in one partition; undefined: nothing that still matters. */
  partOf(text: string, partition: Partition): TokenPart | undefined {
    const redisNow = this.#redisNow(partition);
    return partIn(
      this.#read(text).filter((part) => !this.#forgotten(part, redisNow)),
      partition.index,
    );
  }

  /** The client's next token: its present one and the stamps of what it is given, merged. */
  issue(stamps: Stamp | readonly Stamp[], token: string | undefined): string {
    // Of nearly every answer: a client without a token, and one stamp.
    if (token === undefined && 'partition' in stamps) {
      const unit = this.#engine.units[stamps.partition];
      return formatToken(merge([], stamps, unit === undefined ? 0 : this.#redisNow(unit.partition), []));
    }
    let merged = this.#kept(token);
    for (const stamp of 'partition' in stamps ? [stamps] : stamps) {
      const partition = this.#engine.units[stamp.partition]?.partition;
      if (partition === undefined) continue;
      // `past` tells what the present epoch succeeds. Of a stamp from before it, by a read across the change, it tells
      // nothing: 1: the client has seen e1   2: a read that was stamped e0 ends in e2, whose past holds both.
      const past = stamp.epoch === partition.epoch ? partition.past : [];
      merged = merge(merged, stamp, this.#redisNow(partition), past);
    }
    return formatToken(merged);
  }

  #read(text: string): Token {
    if (this.#text !== text) {
      this.#token = parseToken(text);
      this.#text = text;
    }
    return this.#token;
  }

  #kept(token: string | undefined): Token {
    const parts: TokenPart[] = [];
    for (const part of token === undefined ? [] : this.#read(token)) {
      const unit = this.#engine.units[part.partition === ANY_PARTITION ? 0 : part.partition];
      if (unit === undefined) continue;
      const redisNow = this.#redisNow(unit.partition);
      if (!this.#forgotten(part, redisNow)) parts.push(withinReason(part, redisNow));
    }
    return parts;
  }

  /** Whatever a point that old asks for has been applied everywhere, or its epoch and the quarantine after it are over. */
  #forgotten({ issuedAt }: TokenPart, redisNow: number): boolean {
    return issuedAt > 0 && redisNow - issuedAt > this.#engine.lives.tokenMs;
  }

  #redisNow(partition: Partition): number {
    return Math.round(partition.redisNow(this.#engine.time.now()) ?? 0);
  }
}

/** Nobody has issued it later than now; a forged time to come would never be forgotten. Without one it counts from now. */
function withinReason(part: TokenPart, redisNow: number): TokenPart {
  const { issuedAt } = part;
  if (redisNow === 0 || (issuedAt > 0 && issuedAt <= redisNow)) return part;
  return { ...part, issuedAt: redisNow };
}
