export type * from './cache.ts';
export * from './errors.ts';
export { createCache } from './guarded.ts';
export { createNaiveCache } from './naive.ts';
export type { CacheOptions } from './options.ts';
export type { Messages } from './telemetry.ts';
