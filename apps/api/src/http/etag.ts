/** Entity tags (RFC 9110, 8.8.3): what clients hold of an answer, and what they make a request conditional on. */

interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

const TAG = /^[ \t,]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)/;
const PRODUCT_TAG = /^([1-9]\d{0,15})-([1-9]\d{0,15})$/;
/** Tags of one header that are looked at. */
const TAGS = 256;

/** The tag of one version of a product. */
export function productTag(id: number, version: number): string {
  return `"${id}-${version}"`;
}

/** True if `If-None-Match` names this representation: weakly, as 304 is about equivalence. `*` names any. */
export function matchesWeakly(header: string, tag: string): boolean {
  // What nearly every client sends: the one tag that it was given.
  if (header === tag || header.trim() === '*') return true;
  const opaque = tag.slice(tag.indexOf('"') + 1, -1);
  return parseTags(header).some((one) => one.opaque === opaque);
}

/**
 * The versions of product `id` that `If-Match` accepts; `'present'` for `*`. Weak tags, tags of anything else and what
 * is no tag at all match nothing: a condition that cannot be understood must not let a write pass.
 */
export function versionsOf(header: string, id: number): readonly number[] | 'present' {
  if (header.trim() === '*') return 'present';
  return parseTags(header).flatMap(({ weak, opaque }) => {
    const words = PRODUCT_TAG.exec(opaque);
    return weak || words === null || Number(words[1]) !== id ? [] : [Number(words[2])];
  });
}

/** Up to the first thing that is no tag. */
function parseTags(header: string): EntityTag[] {
  const tags: EntityTag[] = [];
  let rest = header;
  for (let words = TAG.exec(rest); words !== null && tags.length < TAGS; words = TAG.exec(rest)) {
    tags.push({ weak: words[1] !== undefined, opaque: words[2] ?? '' });
    rest = rest.slice(words[0].length);
  }
  return tags;
}
