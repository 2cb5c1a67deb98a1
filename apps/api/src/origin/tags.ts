/**
 * What a write invalidates besides the product itself: every list that it may have been in, or may be in now. The outbox
 * trigger names the same.
 */
export function tagsOf(...categories: readonly string[]): readonly string[] {
  return [...new Set(categories.map((category) => `category:${category}`)), 'products'];
}
