import type { Stamp } from '../cache.ts';
import { TOKEN_LENGTH } from './limits.ts';

/**
 * A client's token: the newest points that it has seen in the history of each partition, each with the time at which that
 * was last. One point of a partition is compared with what a replica has applied. Two are of epochs of which neither is
 * known to succeed the other, so that no clock covers both: their client is *foreign* there, only the origin can serve it.
 *
 * Opaque to clients, unsigned: a forged one can only make its own client's reads slower. Text, safe in a header and in a
 * cookie: `2~<time>~<partition>.<epoch>.<clock>[.<age>]~...`, numbers in base 36; the time is the newest point's, another
 * one's age is counted back from it; an epoch of `-` where none is known, a partition of `_` for all of them.
 */
export interface TokenPart {
  readonly partition: number;
  /** Null: this client read something while Redis could not be asked. */
  readonly epoch: string | null;
  readonly clock: number;
  /** Redis ms as the last issuer of this point knew it: never behind the truth, perhaps a little ahead. 0: it did not. */
  readonly issuedAt: number;
}

export type Token = readonly TokenPart[];

/** Of a token that could not be read, or did not fit: no stamp covers it, whatever partition it is of; it only ages. */
export const ANY_PARTITION = -1;

const FOREIGN: TokenPart = { partition: ANY_PARTITION, epoch: null, clock: 0, issuedAt: 0 };

/** Digits of a number that is exact however it is read: 36 to the power of 10 is less than 2 to that of 53. */
const EXACT_DIGITS = 10;
const PARTITION_DIGITS = 4;
const EPOCH_LENGTH = 64;

/** Any other text counts as a foreign token, not as an error: it may come from a newer or an older release. */
export function parseToken(text: string): Token {
  const words = new Words(text.length > TOKEN_LENGTH ? '' : text);
  const parts: TokenPart[] = [];
  words.expect('2~');
  const newest = words.number(EXACT_DIGITS);
  do {
    words.expect('~');
    const partition = words.skip('_') ? ANY_PARTITION : words.number(PARTITION_DIGITS);
    words.expect('.');
    const epoch = words.skip('-') ? null : words.word(EPOCH_LENGTH);
    words.expect('.');
    const clock = words.number(EXACT_DIGITS);
    const age = words.skip('.') ? words.number(EXACT_DIGITS) : 0;
    parts.push({ partition, epoch, clock, issuedAt: Math.max(0, newest - age) });
  } while (words.more);
  return words.wrong ? [FOREIGN] : parts;
}

/** Reads a token from left to right, without a pattern: every read of a session begins with this. */
class Words {
  wrong = false;
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get more(): boolean {
    return !this.wrong && this.at < this.text.length;
  }

  skip(sign: string): boolean {
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    return true;
  }

  expect(sign: string): void {
    if (!this.skip(sign)) this.wrong = true;
  }

  number(most: number): number {
    const from = this.at;
    let number = 0;
    for (let digit = this.digit; digit >= 0 && digit < 36; digit = this.digit) {
      number = number * 36 + digit;
      this.at++;
    }
    this.check(from, most);
    return number;
  }

  word(most: number): string {
    const from = this.at;
    while (this.digit >= 0) this.at++;
    this.check(from, most);
    return this.text.slice(from, this.at);
  }

  private check(from: number, most: number): void {
    if (this.at === from || this.at - from > most) this.wrong = true;
  }

  /** The value in base 36 of what stands here; 36 for a capital letter, -1 for anything else. */
  private get digit(): number {
    const unit = this.text.charCodeAt(this.at);
    if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
    if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61 + 10;
    return unit >= 0x41 && unit <= 0x5a ? 36 : -1;
  }
}

/**
 * At most 2 KiB. What does not fit becomes a point that nothing covers. Were it one that the next stamp replaces, as one that
 * is unknown is, an answer of a deposed primary would wash out what its client has seen (D > 0): 1: a session writes v1 in e3,
 * and its token does not fit   2: it reads at a primary that was deposed and still accepts, e2   3: its token is good in e2,
 * whose L2 gives it v0.
 */
export function formatToken(token: Token): string {
  const newest = Math.max(...token.map(({ issuedAt }) => issuedAt));
  let text = `2~${newest.toString(36)}`;
  for (const { partition, epoch, clock, issuedAt } of token) {
    const where = partition === ANY_PARTITION ? '_' : partition.toString(36);
    text += `~${where}.${epoch ?? '-'}.${clock.toString(36)}`;
    if (issuedAt < newest) text += `.${(newest - issuedAt).toString(36)}`;
  }
  return text.length <= TOKEN_LENGTH ? text : formatToken([{ ...FOREIGN, issuedAt: newest }]);
}

/** What a client asks of a partition: nothing if it has seen nothing there, an epoch of null if it is foreign. */
export function partIn(token: Token, partition: number): TokenPart | undefined {
  let found: TokenPart | undefined;
  for (const part of token) {
    if (part.partition !== partition && part.partition !== ANY_PARTITION) continue;
    if (found !== undefined || part.partition === ANY_PARTITION) return FOREIGN;
    found = part;
  }
  return found;
}

/**
 * The token after an answer stamped `stamp`, at Redis time `now`. The stamp takes the place of the points that it covers:
 * those of its own epoch, where the larger clock counts, of epochs that it is known to succeed, and an unknown one. All
 * others stay [7, M4]: an answer of a deposed primary would wash out what the client has seen. So does a point of one of two
 * epochs when a clock of the other one comes: that says nothing of what was seen here [C9]. `past` is what the epoch of the
 * stamp succeeds, and empty where that is not known.
 *
 * Each point has a time of its own, so that a client is foreign no longer than S + Q after it has last seen the second epoch.
 * With one time for all of them:
 *   1: a session writes in e1   2: Redis loses everything, `past` included, and begins e2   3: the session reads in e2, again
 *   and again, and each answer makes e1 young: it is served by the origin for ever.
 * Apart they are safe, as each point stands for what was seen up to its own time, and asks for nothing that was seen beside it:
 *   1: a session writes v1 in e3 at t   2: it reads in e2, of a primary that was deposed and accepts until t + D at most: v1,
 *   from the origin, and stays foreign, as e3 is young   3: that is refused, and no proof of e2 is from after t + D   4: at
 *   t + S + Q, which is more than t + D + S, e3 is forgotten, and by then no L1 and no L2 of e2 is trusted any more.
 * Forgotten together with an older point, e3 would be missed at 2 [C10].
 */
export function merge(token: Token, stamp: Stamp, now: number, past: readonly string[]): Token {
  const { partition, epoch } = stamp;
  let { clock } = stamp;
  let issuedAt = now;
  const merged: TokenPart[] = [];
  for (const part of token) {
    if (part.partition !== partition || !covers(epoch, past, part.epoch)) {
      merged.push(part);
      continue;
    }
    if (part.epoch === epoch) clock = Math.max(clock, part.clock);
    issuedAt = Math.max(issuedAt, part.issuedAt);
  }
  merged.push({ partition, epoch, clock, issuedAt });
  return merged;
}

function covers(epoch: string | null, past: readonly string[], seen: string | null): boolean {
  return seen === epoch || (epoch !== null && (seen === null || past.includes(seen)));
}
