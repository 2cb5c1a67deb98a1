/** A frame fits its terminal whatever it is shown, and says all of it without colour. */
import { describe, expect, test } from 'vitest';
import { lineOf, render } from './render.ts';
import { percent, short } from './style.ts';
import type { ReplicaView, View } from './view.ts';

const RATES = {
  gets: 12_345,
  l1Hits: 11_110,
  l2Hits: 617,
  loads: 300,
  joins: 200,
  bypasses: 100,
  failures: 18,
  invalidationsApplied: 87,
  writes: 40,
};

function replica(name: string, more: Partial<ReplicaView> = {}): ReplicaView {
  return {
    name,
    state: 'ready',
    trust: { state: 'trusted', ageMs: 184, boundMs: 1_000 },
    quarantineMs: 0,
    applied: 4_711,
    l1: { entries: 812, maxEntries: 10_000 },
    loopDelayMs: 2.4,
    rates: RATES,
    lag: { p50: 0.42, p99: 1.9 },
    ...more,
  };
}

const AT = new Date(2026, 0, 2, 3, 4, 5).getTime();

function view(more: Partial<View> = {}): View {
  return {
    at: AT,
    url: 'http://127.0.0.1:8080',
    settings: { protocol: 'guarded', writes: 'bounded', stalenessMs: 1_000, beatMs: 250 },
    replicas: [
      replica('api-1'),
      replica('api-2', { trust: { state: 'lapsed', ageMs: 1_400, boundMs: 1_000 }, state: 'parked' }),
    ],
    rates: RATES,
    lag: { p50: 0.42, p99: 1.9 },
    events: [{ at: AT, who: ['api-2', 'api-1'], kind: 'gap', text: 'lost on the bus: message 7', times: 12 }],
    ...more,
  };
}

test('80 columns and 24 rows, without colour', () => {
  expect(render(view(), { columns: 80, rows: 17 }, false).map((line) => line.trimEnd())).toEqual([
    'Lockstep  http://127.0.0.1:8080                                         03:04:05',
    'guarded, bounded writes, bound 1000 ms, beat 250 ms',
    '',
    '                          proof   L1   L2  gets loads inval lag p50  p99 loop',
    'replica  state    trust      ms hits hits    /s    /s    /s      ms   ms   ms',
    'api-1    ready    trusted   184  90%   5%   12k   400    87     0.4  1.9  2.4',
    'api-2    parked   lapsed   1.4k  90%   5%   12k   400    87     0.4  1.9  2.4',
    '',
    'all: 12k gets/s, 40 writes/s, 87 invalidations/s, lag 0.4 ms p50, 1.9 ms p99',
    `[${'#'.repeat(70)}====-oob]`,
    '# L1 90%  = L2 5%  - joined 2%  o origin 2%  b bypass 1%  ! failed <1%',
    '',
    'events, newest first',
    '03:04:05  api-2 +1   lost on the bus: message 7 (12 times)',
    '',
    '',
    'q or Ctrl-C ends this view, not the cluster',
  ]);
});

describe.each([20, 40, 79, 80, 120])('%i columns', (columns) => {
  test.each([1, 5, 12, 24, 60])('%i rows are never more', (rows) => {
    const many = Array.from({ length: 16 }, (_, index) => replica(`api-${index + 1}`));
    const events = Array.from({ length: 100 }, () => ({
      at: AT,
      who: ['api-10'],
      kind: 'flush' as const,
      text: 'x'.repeat(150),
      times: 1,
    }));
    for (const shown of [view(), view({ replicas: many, events }), view({ replicas: [], rates: null, lag: null })]) {
      const lines = render(shown, { columns, rows }, false);
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });
});

test('a wide terminal shows more columns, a narrow one the first', () => {
  const titles = (columns: number) => render(view(), { columns, rows: 24 }, false)[4];
  expect(titles(120)).toContain('entries');
  expect(titles(120)).toContain('clock');
  expect(titles(40)).toBe('replica  state    trust      ms hits');
});

test('colour adds nothing but colour', () => {
  const plain = render(view(), { columns: 80, rows: 24 }, false);
  const coloured = render(view(), { columns: 80, rows: 24 }, true);
  const escapeSign = String.fromCharCode(27);
  expect(coloured).not.toEqual(plain);
  expect(coloured.map((line) => line.replaceAll(new RegExp(`${escapeSign}\\[\\d+m`, 'g'), ''))).toEqual(plain);
});

test('what is not known is a dash, not a zero', () => {
  const silent = replica('api-1', {
    state: 'down',
    trust: null,
    applied: null,
    l1: null,
    loopDelayMs: null,
    rates: null,
    lag: null,
  });
  const lines = render(view({ replicas: [silent], rates: null, lag: null }), { columns: 80, rows: 24 }, false);
  expect(lines[5]).toBe('api-1    down     -           -    -    -     -     -     -       -    -    -');
  expect(lines).toContain('no reads in the last 5 s');
});

test('the quarantine is said while it lasts', () => {
  const [, second] = render(
    view({ replicas: [replica('api-1', { quarantineMs: 2_100 })] }),
    { columns: 80, rows: 24 },
    false,
  );
  expect(second).toContain('quarantine 3 s');
});

test('one line, where there is no screen', () => {
  const shown = view();
  expect(lineOf(shown, shown.events)).toBe(
    '03:04:05  1/2 ready, 1 trusted  proof at most 1.4k ms  L1 90% L2 5%  12k gets/s  400 loads/s  87 inval/s  lag 0.4/1.9 ms  api-2 +1 lost on the bus: message 7 (12 times)',
  );
});

test.each([
  [0, '0'],
  [0.04, '0.0'],
  [9.949, '9.9'],
  [9.96, '10'],
  [999.4, '999'],
  [999.6, '1.0k'],
  [12_345, '12k'],
  [999_600, '1.0M'],
  [Number.NaN, '-'],
  [null, '-'],
])('%s is %s', (value, text) => {
  expect(short(value)).toBe(text);
});

test.each([
  [0, '0%'],
  [0.001, '<1%'],
  [0.999, '>99%'],
  [1, '100%'],
])('a part of %s is %s', (part, text) => {
  expect(percent(part)).toBe(text);
});
