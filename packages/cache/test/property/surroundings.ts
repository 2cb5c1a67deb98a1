import type { SimServer, Without } from '@lockstep/model/redis';
import type { Level } from '../../src/cache.ts';
import type { Partition, PartitionOptions } from '../../src/core/partition.ts';
import type { Read, ReadRequest } from '../../src/core/read.ts';

/** S of every replica, virtual ms. */
export const STALENESS_MS = 100;
export const LONGEST_MARK_MS = 40;
export const LOAD_LIMIT_MS = 80;
/** Far more than any list of actions lasts: expiry is not what is tested here. */
export const TTL_MS = 1e9;

/** `product` is written by `mutate` and makes `list` outdated by its tag, `plain` by `invalidate` after a commit. */
export type Key = 'product' | 'list' | 'plain';
export const KEYS: readonly Key[] = ['product', 'list', 'plain'];
/** On every `list`, and invalidated by every write of `product`. */
export const TAG = 'products';

/** What a control puts in the place of a mechanism. */
export interface Mechanisms {
  readonly partition?: (options: PartitionOptions, now: () => number) => Partition;
  readonly read?: (partition: Partition, request: ReadRequest) => Read;
  readonly redis?: Without;
}

/** What a replica meets outside: time, Redis, the origin, and the judge of what it returned. */
export interface Surroundings {
  readonly now: number;
  readonly redis: SimServer;
  readonly mechanisms: Mechanisms;
  /** What the origin is to do next, for loads and commits that wait for it. */
  readonly origin: (() => void)[];
  readonly violations: string[];
  nonce(): string;
  /** What Redis has published is on its way to every replica. */
  published(): void;
  version(key: Key): number;
  commit(key: Key): number;
  acknowledge(key: Key, version: number): void;
  returnedStrong(key: Key, version: number): void;
  /** The oldest version that a read which begins now may return. */
  floor(key: Key, level: Level): number;
}
