/**
 * The live judge says what `judge` says of the whole history: the same counts by level and kind, the same staleness, on
 * random histories of several keys and clients. Both answers occur, or agreement would mean little.
 */
import { judge, type Operation } from '@lockstep/history';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LiveJudge, type LiveViolation } from './live-judge.ts';

const BOUND_MS = 12;
const LIVE_KINDS = ['stale', 'stale-after-ack', 'new-old-inversion', 'read-your-writes', 'monotonic-reads'];

const drafts = fc.array(
  fc.record({
    client: fc.constantFrom('a', 'b', 'c'),
    key: fc.constantFrom('x', 'y'),
    kind: fc.constantFrom('read', 'read', 'read', 'write' as const),
    start: fc.nat(60),
    ms: fc.nat(8),
    slip: fc.constantFrom(0, 0, 0, 0, 0, -1, -2),
    level: fc.constantFrom('bounded', 'session', 'strong' as const),
    outcome: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'unknown', 'failed' as const),
  }),
  { maxLength: 40, size: 'max' },
);

/** Versions follow a counter by start, save for what slips: reads may return what is old by one or two. */
const histories = drafts.map((all): Operation[] => {
  const counts = new Map<string, number>();
  return all
    .toSorted((a, b) => a.start - b.start)
    .map(({ client, key, kind, start, ms, slip, level, outcome }): Operation => {
      const version = Math.max(1, (counts.get(key) ?? 1) + (kind === 'write' ? 1 : slip));
      if (kind === 'write' && outcome === 'ok') counts.set(key, version);
      const common = { client, key, start, end: start + ms, outcome, version: outcome === 'ok' ? version : null };
      return kind === 'read' ? { ...common, kind, level } : { ...common, kind: 'write' };
    });
});

function live(history: readonly Operation[]): { judge: LiveJudge; found: LiveViolation[] } {
  const found: LiveViolation[] = [];
  const judged = new LiveJudge({ boundMs: BOUND_MS, violated: (violation) => found.push(violation) });
  for (const operation of history.toSorted((a, b) => a.end - b.end)) judged.add(operation);
  return { judge: judged, found };
}

const countBy = (kinds: readonly string[]) =>
  Object.fromEntries(LIVE_KINDS.map((kind) => [kind, kinds.filter((one) => one === kind).length]));

test('equals the verdict over the whole history', () => {
  let violated = 0;
  const runs = 600;
  fc.assert(
    fc.property(histories, (history) => {
      const whole = judge(history, { boundMs: BOUND_MS });
      const { judge: judged, found } = live(history);
      const ofWhole = Object.entries(whole.violationsByKind).flatMap(([kind, n]) => Array(n).fill(kind));
      expect(countBy(found.map(({ kind }) => kind))).toEqual(countBy(ofWhole));
      const { reads, writes, worstStalenessMs, levels, atRisk, unknown } = judged.totals;
      expect({ reads, writes, worstStalenessMs }).toEqual({
        reads: whole.reads,
        writes: whole.writes,
        worstStalenessMs: whole.worstStalenessMs,
      });
      expect(unknown).toBe(whole.unknown.reads + whole.unknown.writes);
      expect(atRisk).toBe(Object.values(whole.levels).reduce((sum, level) => sum + level.atRisk, 0));
      for (const level of ['bounded', 'session', 'strong'] as const) {
        expect(levels[level].reads).toBe(whole.levels[level].reads);
      }
      if (found.length > 0) violated++;
    }),
    { numRuns: runs },
  );
  expect(violated).toBeGreaterThan(runs / 20);
  expect(violated).toBeLessThan(runs - runs / 20);
});

const read = (start: number, version: number, more: Partial<Operation> = {}): Operation => {
  return {
    client: 'r',
    key: 'k',
    kind: 'read',
    level: 'bounded',
    start,
    end: start + 1,
    version,
    outcome: 'ok',
    ...more,
  };
};
const write = (end: number, version: number): Operation => {
  return { client: 'w', key: 'k', kind: 'write', start: end - 1, end, version, outcome: 'ok' };
};

test('what was written long ago is not forgotten: a read of the version before it is stale', () => {
  const history = [write(0, 2)];
  // Others keep the sweep going for ten minutes, far beyond what is kept for exact answers.
  for (let at = 1_000; at < 600_000; at += 1_000) history.push(read(at, 2));
  const { found } = live([...history, read(600_000, 1)]);
  expect(found).toMatchObject([{ kind: 'stale', staleMs: 600_000 }]);
});

test('a commit that nobody acknowledged counts for bounded reads, and not for the order of strong ones', () => {
  const found: LiveViolation[] = [];
  const judged = new LiveJudge({ boundMs: BOUND_MS, violated: (violation) => found.push(violation) });
  judged.committed('k', 2, 0, 10);
  judged.add(read(10 + BOUND_MS, 1));
  judged.add(read(11 + BOUND_MS, 1, { level: 'strong' }));
  expect(found).toEqual([]);
  judged.add(read(11 + BOUND_MS, 1));
  expect(found).toMatchObject([{ kind: 'stale', against: { client: 'origin' } }]);
});
