import type { Loaded } from '../cache.ts';
import { KEY_LENGTH, VALUE_TAGS } from '../core/limits.ts';
import { CacheError } from '../errors.ts';
import { freeze } from '../l1/freeze.ts';

/** A value in the shape in which every tier gives it back. */
export interface Encoded {
  readonly value: unknown;
  readonly payload: string;
  readonly tags: readonly string[];
}

/** Encodes once, and decodes and freezes what every reader will be given. Throws `CacheError` `E_CACHE_LIMIT`. */
export function encode(key: string, loaded: Loaded<unknown>): Encoded {
  const payload = JSON.stringify(loaded.value);
  const tags = loaded.tags ?? [];
  if (payload === undefined) {
    throw new CacheError(
      'E_CACHE_LIMIT',
      `the value of ${key} is something that JSON cannot express; use null for "nothing"`,
    );
  }
  if (tags.length > VALUE_TAGS) {
    throw new CacheError(
      'E_CACHE_LIMIT',
      `the value of ${key} has ${tags.length} tags, at most ${VALUE_TAGS} are kept`,
    );
  }
  for (const tag of tags) {
    // A mutation cannot name such a tag, so nothing could ever invalidate what carries it.
    if (typeof tag !== 'string' || tag.length === 0 || tag.length > KEY_LENGTH || !tag.isWellFormed()) {
      throw new CacheError('E_CACHE_LIMIT', `the value of ${key} has a tag that is not text of 1 to ${KEY_LENGTH}`);
    }
  }
  return { value: freeze(JSON.parse(payload) as unknown), payload, tags };
}
