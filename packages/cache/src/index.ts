export type * from './cache.ts';
export * from './errors.ts';
export { createCache } from './guarded.ts';
export { createNaiveCache } from './naive.ts';
export type { CacheOptions } from './options.ts';
export type * from './outbox/outbox.ts';
export { type OutboxDatabase, type OutboxSession, PostgresOutbox } from './outbox/postgres-outbox.ts';
export { Retention } from './outbox/retention.ts';
export type { Messages } from './telemetry.ts';
