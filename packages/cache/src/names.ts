import type { Mutation } from './cache.ts';
import { KEY_LENGTH, MUTATION_KEYS, MUTATION_TAGS } from './core/limits.ts';
import { CacheError } from './errors.ts';

export function checkMutation({ keys, tags = [] }: Mutation): void {
  checkNames('key', keys, MUTATION_KEYS);
  checkNames('tag', tags, MUTATION_TAGS);
}

export function checkNames(what: string, names: readonly string[], most: number): void {
  if (names.length > most) {
    throw new CacheError('E_CACHE_LIMIT', `a mutation has ${names.length} ${what}s, at most ${most} are allowed`);
  }
  for (const name of names) checkName(what, name);
}

/** Keys and tags: any text of 1 to 256 units; without halves of surrogate pairs, which are all one key in UTF-8. */
export function checkName(what: string, name: string): void {
  if (typeof name !== 'string' || name.length === 0 || name.length > KEY_LENGTH || !name.isWellFormed()) {
    throw new CacheError('E_CACHE_LIMIT', `a ${what} is well-formed text of 1 to ${KEY_LENGTH} characters`);
  }
}
