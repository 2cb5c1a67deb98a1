/** Both stores of L1 keep the port's contract: bounded, never throwing; node-cache gives what was used a second chance. */
import { describe, expect, test } from 'vitest';
import { LruStore } from './lru.ts';
import { NodeCacheStore } from './node-cache.ts';
import type { L1Entry } from './store.ts';

function entry(f: number): L1Entry {
  return { value: f, f, tags: [], loadedAt: 0, expiresAt: 1, stamp: { partition: 0, epoch: 'e', clock: f } };
}

describe.each([NodeCacheStore, LruStore])('%o', (Store) => {
  test('holds at most its bound, and counts what made room', () => {
    const store = new Store(3);
    for (let i = 0; i < 10; i++) store.set(`k${i}`, entry(i));
    expect([store.size, store.evictions]).toEqual([3, 7]);
    const kept = Array.from({ length: 10 }, (_, i) => store.peek(`k${i}`)).filter(Boolean);
    expect(kept).toHaveLength(3);
  });

  test('a key is overwritten at the bound without making room', () => {
    const store = new Store(2);
    store.set('a', entry(1));
    store.set('b', entry(1));
    store.set('a', entry(2));
    expect([store.get('a')?.f, store.get('b')?.f, store.evictions]).toEqual([2, 1, 0]);
  });

  test('what was used stays, what was only looked at goes', () => {
    const store = new Store(2);
    store.set('used', entry(1));
    store.set('seen', entry(1));
    store.get('used');
    store.peek('seen');
    store.set('new', entry(1));
    expect([store.peek('used')?.f, store.peek('seen'), store.peek('new')?.f]).toEqual([1, undefined, 1]);
  });

  test('deletes and clears; names of an object’s own are keys like others', () => {
    const store = new Store(5);
    for (const key of ['constructor', '__proto__', 'toString', 'k']) {
      expect(store.get(key)).toBeUndefined();
      store.set(key, entry(1));
      expect(store.get(key)?.f).toBe(1);
      store.delete(key);
      expect([store.get(key), store.peek(key), store.size]).toEqual([undefined, undefined, 0]);
    }
    store.set('k', entry(1));
    store.clear();
    expect([store.size, store.get('k'), store.evictions]).toEqual([0, undefined, 0]);
  });
});

test('the second chance is one: after a round without a use even what was used goes', () => {
  const store = new NodeCacheStore(2);
  store.set('a', entry(1));
  store.set('b', entry(1));
  store.get('a');
  store.get('b');
  store.set('c', entry(1));
  expect([store.peek('a'), store.peek('b')?.f]).toEqual([undefined, 1]);
  store.set('d', entry(1));
  expect([store.size, store.peek('b')]).toEqual([2, undefined]);
});
