import { put, without } from './maps.ts';
import type { Entered } from './prologue.ts';
import type { Caller, PartitionState, SimServer } from './server.ts';

/** What stands at a key: see packages/cache/src/core/stored.ts for the same as text. Times in Redis ms. */
export type Held = Value | Lease | Mark;

export interface Value {
  readonly is: 'value';
  readonly epoch: string;
  readonly f: number;
  readonly loadedAt: number;
  readonly expiresAt: number;
  /** 0 for none. */
  readonly softExpiresAt: number;
  readonly tags: readonly string[];
  readonly payload: string;
}

export interface Lease {
  readonly is: 'lease';
  readonly epoch: string;
  readonly token: string;
  readonly waiters: number;
  readonly expiresAt: number;
}

export interface Mark {
  readonly is: 'mark';
  /** In the order of their MARKs; one that marked twice stands twice. */
  readonly writers: readonly WriterMark[];
}

export interface WriterMark {
  readonly writer: string;
  readonly deadline: number;
}

/** The text that a plain GET answers. */
export function textOf(held: Held): string {
  switch (held.is) {
    case 'value': {
      const { epoch, f, loadedAt, expiresAt, softExpiresAt, tags, payload } = held;
      const listed = tags.length === 0 ? '[]' : JSON.stringify(tags);
      return `V ${epoch} ${f} ${loadedAt} ${expiresAt} ${softExpiresAt} ${listed}\n${payload}`;
    }
    case 'lease':
      return `L ${held.epoch} ${held.token} ${held.waiters}`;
    case 'mark':
      return `M ${held.writers.map(({ writer, deadline }) => `${writer}:${deadline}`).join(' ')}`;
  }
}

/** What GET finds: an expired key is gone, a mark has no TTL, and its dead writers still stand in it. */
export function present(state: PartitionState, key: string, now: number): Held | undefined {
  const held = state.keys.get(key);
  if (held === undefined || held.is === 'mark' || now <= held.expiresAt) return held;
  removeKey(state, key);
  return undefined;
}

/** `look` of mark-words.lua: whoever meets a mark drops the writers whose deadline passed. */
export function look(state: PartitionState, key: string, now: number): Held | undefined {
  const held = present(state, key, now);
  if (held?.is !== 'mark' || held.writers.every(({ deadline }) => deadline > now)) return held;
  putWriters(
    state,
    key,
    held.writers.filter(({ deadline }) => deadline > now),
  );
  return state.keys.get(key);
}

/** Stores what is left of a mark, or deletes it with its last writer. The index is kept only where the script keeps it. */
export function putWriters(
  state: PartitionState,
  key: string,
  writers: readonly WriterMark[],
  index: 'index' | 'no index' = 'no index',
): void {
  if (writers.length === 0) {
    removeKey(state, key);
    if (index === 'index') removeMark(state, key);
    return;
  }
  putKey(state, key, { is: 'mark', writers });
  if (index === 'no index') return;
  const last = Math.max(...writers.map(({ deadline }) => deadline));
  state.marks = put(state.marks, key, last);
}

/** Stores a value of the present epoch, and remembers the longest TTL, after which tags may be swept. */
export function storeValue(
  { options }: SimServer,
  state: Entered,
  { now }: Caller,
  key: string,
  value: Pick<Value, 'f' | 'loadedAt' | 'tags' | 'payload'>,
  ttlMs: number = options.l2TtlMs,
): void {
  const { epoch, longestTtl } = state.meta;
  putKey(state, key, { is: 'value', epoch, ...value, expiresAt: now + ttlMs, softExpiresAt: 0 });
  if (ttlMs > longestTtl) state.meta = { ...state.meta, longestTtl: ttlMs };
}

export function putKey(state: PartitionState, key: string, held: Held): void {
  state.keys = put(state.keys, key, held);
}

export function removeKey(state: PartitionState, key: string): void {
  if (state.keys.has(key)) state.keys = without(state.keys, key);
}

export function removeMark(state: PartitionState, key: string): void {
  if (state.marks.has(key)) state.marks = without(state.marks, key);
}

/** `lease_in` of lease-words.lua: the lease, unless it is of another epoch and so nobody's any more. */
export function leaseIn({ options }: SimServer, state: PartitionState, held: Held | undefined): Lease | undefined {
  if (held?.is !== 'lease') return undefined;
  return held.epoch === state.meta?.epoch || options.without.leaseEpoch ? held : undefined;
}

/** `acceptable` of value-words.lua: of this epoch or one blessed in it, and no tag of it was invalidated after f. */
export function acceptable(
  { options }: SimServer,
  { meta, tags }: PartitionState,
  held: Held | undefined,
): held is Value {
  if (held?.is !== 'value' || meta === null) return false;
  const known = held.epoch === meta.epoch || held.epoch === meta.blessed;
  if (!known && !options.without.valueEpoch) return false;
  if (held.tags.length === 0) return true;
  return held.f >= meta.floor && held.tags.every((tag) => (tags.get(tag)?.clock ?? 0) <= held.f);
}
