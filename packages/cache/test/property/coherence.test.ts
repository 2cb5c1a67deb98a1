/**
 * What section 8 of docs/PROTOCOL.md promises, held against random interleavings of reads, writes, beats, messages of
 * the bus, and time, on replicas that run the real core. A failure prints the seed and the shortest list of actions.
 */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { actions, run, SEARCH_MS, type Search } from './actions.ts';
import { KEYS } from './surroundings.ts';

vi.setConfig({ testTimeout: SEARCH_MS });

/** Another number tries other interleavings; a failure names the one that it had. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20_261_124);

function holds(search: Search, replicas: number, numRuns: number): void {
  const property = fc.property(actions(search), (list) => {
    expect(run(list, replicas)).toEqual([]);
  });
  fc.assert(property, { seed: SEED, numRuns });
}

test('two replicas: lost, late and repeated messages, connections that close', () => {
  holds({ length: 80, faults: 0, keys: KEYS }, 2, 3_000);
});

test('three replicas, the same', () => {
  holds({ length: 120, faults: 0, keys: KEYS }, 3, 1_500);
});

test('Redis restarts with and without data, is flushed and promoted meanwhile', () => {
  holds({ length: 100, faults: 4, keys: KEYS }, 2, 3_000);
});

test('one key, and more of it', () => {
  holds({ length: 60, faults: 4, keys: ['product'] }, 2, 2_000);
  holds({ length: 60, faults: 4, keys: ['plain'] }, 2, 2_000);
});
