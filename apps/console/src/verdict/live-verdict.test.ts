import type { Operation } from '@lockstep/history';
import { expect, test } from 'vitest';
import { LiveVerdict, ninesOf } from './live-verdict.ts';

const read = (start: number, version: number): Operation => {
  const common = { client: 'r', key: 'product:1', kind: 'read', level: 'bounded', outcome: 'ok' } as const;
  return { ...common, start, end: start + 1, version, replica: 'api-2', tier: 'L1' };
};
const write: Operation = { client: 'w', key: 'product:1', kind: 'write', start: 0, end: 1, version: 2, outcome: 'ok' };
const open = () => new LiveVerdict({ boundMs: 1_000, trace: () => ['10 ms  api-2: deaf'], violated: () => undefined });

test('without a read that could have been wrong the verdict is unknown, not green', () => {
  const verdict = open();
  expect(verdict.view().outcome).toBe('unknown');
  verdict.add(read(0, 1));
  expect(verdict.view().outcome).toBe('unknown');
  verdict.add({ ...write, outcome: 'unknown', version: null });
  expect(verdict.view()).toMatchObject({ outcome: 'unknown', unknown: 1 });
});

test('held, in words', () => {
  const verdict = open();
  verdict.add(write);
  verdict.add(read(4.1, 1));
  expect(verdict.view().outcome).toBe('held');
  expect(verdict.view().words).toBe('1 read, worst staleness 3.1 ms, bound 1,000 ms, 0 violations');
});

test('violated: two operations as witness, the words of the history, the trace', () => {
  const verdict = open();
  verdict.add(write);
  verdict.add(read(1_002, 1));
  const { outcome, violations, levels } = verdict.view();
  expect(outcome).toBe('violated');
  expect(levels.bounded).toEqual({ reads: 1, violations: 1 });
  expect(violations[0]?.witness).toMatchObject([
    { kind: 'read', version: 1 },
    { kind: 'write', version: 2 },
  ]);
  expect(violations[0]?.words).toContain('the read of version 1 by r at api-2 from L1');
  expect(violations[0]?.trace).toEqual(['10 ms  api-2: deaf']);
});

test('while replicas change their protocol nothing is judged', () => {
  const verdict = open();
  verdict.hold();
  verdict.add(write);
  verdict.add(read(5_000, 1));
  expect(verdict.view()).toMatchObject({ outcome: 'unknown', reads: 0 });
  verdict.reset();
  verdict.add(write);
  verdict.add(read(5_000, 1));
  expect(verdict.view().outcome).toBe('violated');
});

test('no more nines than were seen', () => {
  expect(ninesOf(0, 0)).toMatch(/unknown/);
  expect(ninesOf(30, 0)).toBe('fewer than 1 in 10 wrong, with 95 % confidence');
  expect(ninesOf(300, 0)).toMatch(/^at least 99 %: fewer than 1 in 100/);
  expect(ninesOf(30_000, 0)).toMatch(/^at least 99\.99 %/);
  expect(ninesOf(1_000, 1)).toBe('99.9 % of 1,000 reads at risk held');
});
