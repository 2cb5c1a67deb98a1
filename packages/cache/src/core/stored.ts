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
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  const words = text.slice(0, end).split(' ', 6);
  const [, epoch, f, loadedAt, expiresAt, soft] = words;
  if (epoch === undefined || f === undefined || loadedAt === undefined || expiresAt === undefined || soft === undefined)
    return undefined;
  const tagsAt = 2 + epoch.length + 1 + f.length + 1 + loadedAt.length + 1 + expiresAt.length + 1 + soft.length + 1;
  const tags = parseTags(text.slice(tagsAt, end));
  const value = { f: Number(f), loadedAt: Number(loadedAt), expiresAt: Number(expiresAt) };
  // With an f that is no number every comparison with a clock is false, and no invalidation would ever drop it.
  if (tags === undefined || !Object.values(value).every(Number.isSafeInteger)) return undefined;
  return { is: 'value', epoch, ...value, tags, payload: text.slice(end + 1) };
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
