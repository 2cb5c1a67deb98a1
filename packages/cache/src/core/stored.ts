/**
 * What stands at `k:<key>` in Redis: a value, a fill lease or a write mark, all as text, so that a plain GET tells
 * which. The scripts write the same words (value-words.lua, mark-words.lua, lease-words.lua).
 */
export interface StoredValue {
  readonly is: 'value';
  readonly epoch: string;
  /** The clock when its lease was granted: before the load, never later. */
  readonly f: number;
  /** Redis ms. */
  readonly loadedAt: number;
  readonly expiresAt: number;
  readonly tags: readonly string[];
  readonly payload: string;
}

export type Stored = StoredValue | { readonly is: 'lease' | 'mark' | 'none' };

const NO_TAGS: readonly string[] = Object.freeze([]);
const NONE: Stored = Object.freeze({ is: 'none' });
const LEASE: Stored = Object.freeze({ is: 'lease' });
const MARK: Stored = Object.freeze({ is: 'mark' });

/** Parses it; text of any other shape counts as absent, so that LEASE decides. */
export function parseStored(text: string | null): Stored {
  if (text === null) return NONE;
  switch (text.charCodeAt(0)) {
    case 0x4c: // L; whether its epoch is the present one, the script decides
      return LEASE;
    case 0x4d: // M
      return MARK;
    case 0x56: // V
      return parseValue(text) ?? NONE;
    default:
      return NONE;
  }
}

/** `V <epoch> <f> <loadedAt> <expiresAt> <softExpiresAt> <tags as JSON>\n<payload>` */
function parseValue(text: string): StoredValue | undefined {
  const epochEnd = text.indexOf(' ', 2);
  if (epochEnd <= 2) return undefined;
  const numbers = new Numbers(text, epochEnd + 1);
  const f = numbers.next();
  const loadedAt = numbers.next();
  const expiresAt = numbers.next();
  numbers.next();
  // With an f that is no number every comparison with a clock is false, and no invalidation would ever drop it.
  if (!numbers.fine) return undefined;
  const end = text.indexOf('\n', numbers.at);
  const tags = end < 0 ? undefined : parseTags(text.slice(numbers.at, end));
  if (tags === undefined) return undefined;
  return { is: 'value', epoch: text.slice(2, epochEnd), f, loadedAt, expiresAt, tags, payload: text.slice(end + 1) };
}

const ZERO = 0x30;
const BLANK = 0x20;
/** Of a whole number that is exact. */
const DIGITS = 15;

/** Whole numbers, each of them followed by one blank. `slice` and `Number` make a string of each first, which is slower. */
class Numbers {
  at: number;
  fine = true;
  private readonly text: string;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  next(): number {
    const from = this.at;
    const text = this.text;
    let number = 0;
    let at = from;
    for (;;) {
      const digit = text.charCodeAt(at) - ZERO;
      // At the end of the text it is no number, and so no digit.
      if (!(digit >= 0 && digit <= 9)) break;
      number = number * 10 + digit;
      at++;
    }
    if (at === from || at - from > DIGITS || text.charCodeAt(at) !== BLANK) this.fine = false;
    this.at = at + 1;
    return number;
  }
}

function parseTags(json: string): readonly string[] | undefined {
  if (json === '[]') return NO_TAGS;
  try {
    const tags: unknown = JSON.parse(json);
    return isStrings(tags) ? tags : undefined;
  } catch {
    return undefined;
  }
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
