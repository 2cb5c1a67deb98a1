const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/**
 * The partition that a key lives in, the same on every replica (FNV-1a over its UTF-16 units, 32 bits; Fowler, Noll and Vo).
 * A namespace keeps its number of partitions for life: with another one every key may live elsewhere.
 */
export function partitionOf(key: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = OFFSET;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), PRIME);
  return (hash >>> 0) % partitions;
}
