/**
 * The table, as far as it goes in a minute: the first row of each property is looked at to its end, of the others the first
 * states are; `npm run model` looks at all of them.
 */
import { describe, expect, test } from 'vitest';
import { CLAIMS, judge } from './judged.ts';
import { QUICK_STATES, ROWS } from './rows.ts';

/** More than the first row of any property has. */
const ALL_STATES = 100_000;

describe('rows', () => {
  const properties = new Set(ROWS.map(({ scope }) => scope.property));
  const first = new Set([...properties].map((property) => ROWS.find(({ scope }) => scope.property === property)?.name));

  test.each(CLAIMS.filter(({ expected }) => expected === 'safe'))('$name', (claim) => {
    const whole = first.has(claim.name);
    const { verdict, trace } = judge(claim, { states: whole ? ALL_STATES : QUICK_STATES });
    expect(trace).toBeUndefined();
    if (whole) expect(verdict).toBe('safe');
  });
});

test('no row has a scope that is smaller than L2R2: a write at A, an L1 and a reader at B', () => {
  for (const { name, scope } of ROWS) {
    expect(scope.readers, name).toContain('B');
    expect(scope.l1, name).toContain('B');
    expect(
      scope.writers.map(({ on }) => on),
      name,
    ).toContain('A');
  }
});

describe('ablations', () => {
  test.each(CLAIMS.filter(({ name }) => name.startsWith('without ')))('$name', (claim) => {
    const { verdict, depth } = judge(claim, { states: 100_000 });
    // Those that are deeper are walked by traces.test.ts.
    if (verdict === 'open') expect(depth).toBeGreaterThan(9);
    else expect(verdict).toBe('unsafe');
  });
});
