import type { IncomingHttpHeaders } from 'node:http';
import type { Level } from '@lockstep/cache';
import { Problem } from './problem.ts';

/** What a request says in its path, query and headers. Whatever is malformed is a `Problem`, never a guess. */

/** Bytes of a client's token (docs/HTTP.md). */
const TOKEN_BYTES = 2_048;
const TOKEN = /^[A-Za-z0-9._~-]+$/;
const TOKEN_COOKIE = 'consistency-token';
const KEY = /^[\x21-\x7e]{1,255}$/;
const WHOLE = /^(0|[1-9]\d{0,15})$/;
const LEVELS: readonly Level[] = ['bounded', 'session', 'strong'];

/** How new a read has to be, in a request's own words. */
export interface Wish {
  readonly level: Level;
  readonly token?: string | undefined;
}

const NO_WISH: Wish = Object.freeze({ level: 'bounded' });

/** The level that is named, else `session` when there is a token, else `bounded`. */
export function wishOf(headers: IncomingHttpHeaders): Wish {
  const named = headers.consistency as string | undefined;
  const token = tokenOf(headers);
  if (named === undefined && token === undefined) return NO_WISH;
  const level = named === undefined ? 'session' : LEVELS.find((one) => one === named);
  if (level === undefined) {
    throw new Problem('invalid_parameter', `The header Consistency must be one of ${LEVELS.join(', ')}.`);
  }
  return { level, token };
}

/** The header, else the cookie; undefined when there is neither. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const token = (headers['consistency-token'] as string | undefined) ?? cookie(headers.cookie, TOKEN_COOKIE);
  if (token === undefined) return undefined;
  if (token.length > TOKEN_BYTES || !TOKEN.test(token)) {
    throw new Problem(
      'invalid_parameter',
      `Consistency-Token must be what an answer's Consistency-Token said, at most ${TOKEN_BYTES} bytes; send none to begin anew.`,
    );
  }
  return token;
}

export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | null {
  const key = headers['idempotency-key'] as string | undefined;
  if (key === undefined) return null;
  if (!KEY.test(key)) {
    throw new Problem('invalid_parameter', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
  }
  return key;
}

/** A product's id in a path: digits without a sign or leading zeros, as `7` and `07` must not be two keys. */
export function idOf(text: string | undefined): number {
  const id = wholeNumber(text);
  if (id === undefined || id < 1) {
    throw new Problem('invalid_parameter', 'The id in the path must be a positive whole number.');
  }
  return id;
}

export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !WHOLE.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The query's values by name; each of `names` at most once and nothing else. */
export function queryOf<N extends string>(url: string, names: readonly N[]): { readonly [K in N]?: string } {
  const from = url.indexOf('?');
  const values: { [K in N]?: string } = {};
  if (from < 0) return values;
  for (const pair of url.slice(from + 1).split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const said = decode(at < 0 ? pair : pair.slice(0, at));
    const name = names.find((one) => one === said);
    if (name === undefined) {
      const known = names.length === 0 ? 'none is known here' : `known are ${names.join(', ')}`;
      throw new Problem('invalid_parameter', `The query has ${JSON.stringify(said.slice(0, 64))}: ${known}.`);
    }
    if (values[name] !== undefined) throw new Problem('invalid_parameter', `The query has ${name} more than once.`);
    values[name] = at < 0 ? '' : decode(pair.slice(at + 1));
  }
  return values;
}

/** Throws `Problem` for a path that cannot be decoded. */
export function checkPath(path: string): void {
  try {
    decodeURIComponent(path);
  } catch {
    throw badPath();
  }
}

export function badPath(): Problem {
  return new Problem('invalid_parameter', 'The path has a percent sign that is not followed by encoded UTF-8.');
}

/** The query has no names at all. */
export function noQuery(url: string): void {
  if (url.includes('?')) queryOf(url, []);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Problem('invalid_parameter', 'The query has a percent sign that is not followed by encoded UTF-8.');
  }
}

function cookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
