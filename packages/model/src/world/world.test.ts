import { describe, expect, test } from 'vitest';
import { search } from '../engine/search.ts';
import { walk } from '../engine/walk.ts';
import { ROWS } from '../table/rows.ts';
import type { Replica } from './replica.ts';
import type { Scope } from './scope.ts';
import { worldOf } from './world.ts';

const SCOPE: Scope = {
  property: 'bounded',
  l1: ['B'],
  readers: ['B'],
  grain: 'coarse',
  writers: [{ kind: 'm', on: 'A' }],
};

const FILLED = [
  'read begins at B, READ sent (e1)',
  'READ of B at P: none; LEASE of B at P granted (f0); it is loading',
  'B loads v0; FILL sent (e1)',
  'FILL of B at P stores v0 (f0); it ends',
];
const BEATEN = [
  'B sends BEAT (e1, applied 0)',
  'BEAT of B executes at P: clock 0, probe 1 proved 0',
  'B gets BEAT reply clock 0: confirmed, applied 0',
];

function replicaAfter(steps: readonly string[], scope: Scope = SCOPE): Replica {
  const { machine, state, stuck } = walk(worldOf(scope), steps);
  expect(stuck).toBeUndefined();
  return machine.component(state, 'B') as Replica;
}

describe('a replica of the model is the real partition', () => {
  test('a read fills L2 and L1 under a lease, and a beat proves it', () => {
    const { partition, flights } = replicaAfter([...FILLED, ...BEATEN]);
    expect(flights).toEqual([null]);
    expect(partition.lookup('k', 0, 1)?.value).toBe(0);
  });

  test('a warm scope begins there', () => {
    const { partition } = replicaAfter([], { ...SCOPE, warm: true });
    expect(partition.lookup('k', 0, 1)?.value).toBe(0);
  });

  test('a write takes the entry away when its message arrives', () => {
    const { partition } = replicaAfter([
      ...FILLED,
      ...BEATEN,
      'W0 MARK(key) at P: clock 1; it is committing',
      'B applies message e1:1',
    ]);
    expect(partition.applied).toBe(1);
    expect(partition.lookup('k', 0, 1)).toBeUndefined();
  });
});

describe('what a rule says that it only reads it does not change', () => {
  test.each(ROWS)('$name', ({ scope }) => {
    expect(() => search(worldOf(scope), { states: 500, depth: 1_000, checked: true })).not.toThrow();
  });
});
