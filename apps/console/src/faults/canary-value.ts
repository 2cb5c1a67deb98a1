import { redisSays } from './redis.ts';

/** More partitions than anybody has. */
const PARTITIONS = 32;

/** A value as it stands in Redis, under the name that it has there. */
export interface StoredValue {
  readonly name: string;
  readonly text: string;
}

/** What stands in L2 for a key, by either protocol's names for it; null for no value. */
export async function storedValue(redisUrl: string, key: string): Promise<StoredValue | null> {
  const guarded = Array.from({ length: PARTITIONS }, (_, partition) => `{lockstep:${partition}}k:${key}`);
  const names = [`lockstep:naive:key:${key}`, ...guarded];
  const texts = (await redisSays(redisUrl, 'MGET', ...names)) as (string | null)[];
  // Leases and marks are no values.
  const at = texts.findIndex((text) => text !== null && !/^[LM]/.test(text));
  return at < 0 ? null : { name: names[at] as string, text: texts[at] as string };
}

/** Puts a value where it once was, past every protocol: nobody is told. */
export async function plantValue(redisUrl: string, { name, text }: StoredValue, ms: number): Promise<void> {
  await redisSays(redisUrl, 'SET', name, text, 'PX', String(ms));
}
