export type * from './cache.ts';
export * from './errors.ts';
export type { CacheOptions } from './options.ts';
