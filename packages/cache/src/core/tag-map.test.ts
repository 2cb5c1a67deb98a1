/** The map of tags: bounded, and careful about what it has forgotten. */
import { expect, test } from 'vitest';
import { TagMap } from './tag-map.ts';

test('a value is outdated by a tag that was invalidated after its f, and by no other', () => {
  const map = new TagMap();
  map.invalidated('t', 5);
  map.invalidated('t', 3);
  expect([map.outdated(['t'], 4), map.outdated(['t'], 5), map.outdated(['u'], 0), map.outdated([], 0)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test('the tag that was invalidated least recently makes room and raises the floor', () => {
  const map = new TagMap(2);
  map.invalidated('a', 1);
  map.invalidated('b', 2);
  map.invalidated('a', 3);
  map.invalidated('c', 4);
  expect([map.size, map.outdated(['x'], 1), map.outdated(['x'], 2), map.outdated(['a'], 2)]).toEqual([
    2,
    true,
    false,
    true,
  ]);
  expect([map.covers(1), map.covers(2)]).toEqual([false, true]);
});

test('begun anew it knows nothing from before', () => {
  const map = new TagMap(1);
  map.invalidated('a', 1);
  map.invalidated('b', 2);
  map.restart(10);
  expect([map.size, map.known, map.covers(9), map.covers(10), map.outdated(['a'], 0)]).toEqual([
    0,
    10,
    false,
    true,
    false,
  ]);
});
