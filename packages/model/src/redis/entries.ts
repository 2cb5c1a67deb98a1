import { put, without } from './maps.ts';
import type { Entered } from './prologue.ts';
import { type Caller, publish, type SimServer, type TagClock } from './server.ts';

/** Tags, and marks, that one beat sweeps; the same in entry-words.lua and beat.lua. */
export const SWEEP = 16;

/** `add_entry` of entry-words.lua: the clock, the tags' clocks, the journal and the bus move together. */
export function addEntry(
  server: SimServer,
  state: Entered,
  caller: Caller,
  keys: readonly string[],
  tags: readonly string[],
): void {
  const clock = state.meta.clock + 1;
  state.meta = { ...state.meta, clock };
  if (tags.length > 0) {
    for (const tag of tags) state.tags = put(state.tags, tag, { clock, at: caller.now });
    if (state.tags.size > server.options.maxTags)
      sweepTags(server, state, oldest(state.tags, Number.POSITIVE_INFINITY));
  }
  const entry = { clock, keys, tags, at: caller.now };
  state.lastId = clock;
  const { journal } = state;
  const { journalLength } = server.options;
  state.journal = [
    ...(journal.length < journalLength ? journal : journal.slice(journal.length + 1 - journalLength)),
    entry,
  ];
  publish(server, caller, { is: 'entry', epoch: state.meta.epoch, entry });
}

/** Forgets the tags and raises the floor to the newest clock that is forgotten. */
export function sweepTags({ options }: SimServer, state: Entered, names: readonly string[]): void {
  if (names.length === 0) return;
  let { floor } = state.meta;
  for (const name of names) {
    floor = Math.max(floor, state.tags.get(name)?.clock ?? 0);
    state.tags = without(state.tags, name);
  }
  if (!options.without.floor) state.meta = { ...state.meta, floor };
}

/** The tags last invalidated at `until` or before, as a sorted set gives them. */
export function oldest(tags: ReadonlyMap<string, TagClock>, until: number): string[] {
  if (!someDue(tags, until)) return [];
  const due = [...tags].filter(([, { at }]) => at <= until);
  return due.sort(byScore(([, { at }]) => at)).flatMap(([name], at) => (at < SWEEP ? name : []));
}

/** None mostly, and every beat asks. */
function someDue(tags: ReadonlyMap<string, TagClock>, until: number): boolean {
  for (const { at } of tags.values()) if (at <= until) return true;
  return false;
}

/** By score, then by name. */
export function byScore<T extends readonly [string, unknown]>(score: (item: T) => number): (a: T, b: T) => number {
  return (a, b) => score(a) - score(b) || (a[0] < b[0] ? -1 : 1);
}
