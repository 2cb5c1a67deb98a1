/** The sieve lets nothing pass in which a verdict finds something, and stops nothing else without need. */
import { judge, type Level, type Operation } from '@lockstep/history';
import { expect, test } from 'vitest';
import { Random } from '../time/random.ts';
import type { Version } from '../world/origin.ts';
import { Sieve } from './sieve.ts';

const HISTORIES = 4_000;
const BOUND_MS = 8;
const KEYS = ['u0', 'u1'];
const LEVELS: readonly Level[] = ['bounded', 'session', 'strong'];

const monotonic = () => true;

interface History {
  readonly reads: Operation[];
  readonly writes: Operation[];
  readonly versions: Map<string, Version[]>;
}

/** Clients that do one thing after the other, and read a version that is sometimes too old. */
function draw(random: Random): History {
  const history: History = { reads: [], writes: [], versions: new Map(KEYS.map((key) => [key, []])) };
  const free = [0, 0, 0];
  for (let i = 0; i < 14; i++) {
    const client = random.below(free.length);
    const start = (free[client] as number) + 0.5 + random.below(4);
    const end = start + 0.25 + random.below(4);
    free[client] = end;
    const key = random.pick(KEYS);
    const versions = history.versions.get(key) as Version[];
    const who = { client: `c${client}`, key, start, end, outcome: 'ok' } as const;
    if (random.chance(0.4)) {
      const at = Math.max(start, versions.at(-1)?.at ?? 0);
      if (at > end) continue;
      versions.push({ key, version: versions.length + 1, at });
      history.writes.push({ ...who, kind: 'write', version: versions.length });
    } else {
      const newest = versions.filter(({ at }) => at <= end).length;
      const version = Math.max(0, newest - (random.chance(0.2) ? random.below(3) : 0));
      history.reads.push({ ...who, kind: 'read', version, level: random.pick(LEVELS) });
    }
  }
  for (const operations of [history.reads, history.writes]) operations.sort((a, b) => a.end - b.end);
  return history;
}

test('as the verdict, so the sieve', () => {
  const random = new Random(3);
  const seen = { right: 0, wrong: 0 };
  for (let i = 0; i < HISTORIES; i++) {
    const { reads, writes, versions } = draw(random);
    const verdict = judge([...reads, ...writes], { boundMs: BOUND_MS, initial: 0 });
    const sieve = new Sieve({ boundMs: BOUND_MS, provedMs: null, versions, monotonic });
    const passed = sieve.passes(reads, writes);
    expect({ i, passed }).toEqual({ i, passed: verdict.violationCount === 0 });
    expect(sieve.worstStalenessMs).toBe(verdict.worstStalenessMs);
    seen[passed ? 'right' : 'wrong']++;
  }
  expect(Math.min(seen.right, seen.wrong)).toBeGreaterThan(HISTORIES / 20);
});

test('proved at the origin: every commit counts, also one that nobody was told of', () => {
  const versions = new Map([['u0', [{ key: 'u0', version: 1, at: 5 }]]]);
  const read = (start: number): Operation[] => [
    { client: 'c', key: 'u0', kind: 'read', start, end: start + 1, version: 0, outcome: 'ok', level: 'bounded' },
  ];
  const passes = (start: number, provedMs: number | null) =>
    new Sieve({ boundMs: 100, provedMs, versions, monotonic }).passes(read(start), []);
  expect([passes(15, 10), passes(15.1, 10), passes(15.1, null)]).toEqual([true, false, true]);
});

test('what is not there yet is not seen', () => {
  const versions = new Map([['u0', [{ key: 'u0', version: 1, at: 5 }]]]);
  const sees = (version: number, end: number) =>
    new Sieve({ boundMs: 100, provedMs: null, versions, monotonic }).passes(
      [{ client: 'c', key: 'u0', kind: 'read', start: 0, end, version, outcome: 'ok', level: 'bounded' }],
      [],
    );
  expect([sees(1, 5), sees(1, 4), sees(2, 6)]).toEqual([true, false, false]);
});
