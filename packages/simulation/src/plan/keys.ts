/**
 * Keys are told apart by how they begin, which is how they are written: that decides what is promised about them.
 *
 *   m  by `mutate`, and the list shows them   u  by `mutate`, and it does not   p  past the cache, then `invalidate`
 *   q  by psql, as m may be where there is an outbox   s  by `set`: the cache is their only home
 */
export const SHOWN = 'm';
export const UNSHOWN = 'u';
export const INVALIDATED = 'p';
export const PSQL = 'q';
export const SET = 's';

/** The one list: its version is the number of commits that carried its tag. */
export const LIST = 'list';
export const TAG = 'tag';

export function isShown(key: string): boolean {
  return key.startsWith(SHOWN);
}
