import { expect, test } from 'vitest';
import { figuresOf, type SummaryData } from './figures.ts';
import { linesOf } from './words.ts';

const data: SummaryData = {
  state: { testRunDurationMs: 10_000.4 },
  metrics: {
    http_reqs: { values: { count: 12_345, rate: 1_234.456 } },
    http_req_failed: { values: { rate: 0.5, passes: 2, fails: 12_343 }, thresholds: { 'rate==0': { ok: false } } },
    http_req_duration: { values: { med: 1.234, 'p(95)': 5, 'p(99)': 9.87 }, thresholds: { 'p(99)<500': { ok: true } } },
    reads_l1: { values: { count: 75 } },
    reads_origin: { values: { count: 25 } },
    beyond_bound: { values: { count: 3 } },
  },
};

test("figures are taken from k6's summary; what has no sample is 0", () => {
  expect(figuresOf(data, ['beyond_bound', 'lost_write'])).toEqual({
    durationMs: 10_000,
    requests: 12_345,
    perSecond: 1_234.46,
    failed: 2,
    dropped: 0,
    latencyMs: { p50: 1.23, p95: 5, p99: 9.87 },
    tiers: { L1: 75, L2: 0, ORIGIN: 25, BYPASS: 0 },
    breaches: { beyond_bound: 3, lost_write: 0 },
    thresholds: [
      { name: 'http_req_failed rate==0', ok: false },
      { name: 'http_req_duration p(99)<500', ok: true },
    ],
  });
});

test('in words: a line each, with the thresholds that failed', () => {
  expect(linesOf(figuresOf(data, ['beyond_bound'])).map((line) => line.trim().replace(/ {2,}/, ': '))).toEqual([
    'requests: 12,345 (1234.5/s), 2 failed',
    'time: p50 1.2 ms, p95 5.0 ms, p99 9.9 ms',
    'reads from: L1 75.0 %, L2 0.0 %, ORIGIN 25.0 %, BYPASS 0.0 %',
    'in sessions: beyond_bound 3',
    'thresholds: 1 of 2 hold, not http_req_failed rate==0',
  ]);
});

test('without reads and without sessions there is nothing to divide by, and nothing to tell', () => {
  const figures = figuresOf({ state: data.state, metrics: {} });
  expect(figures.breaches).toBeNull();
  expect(linesOf(figures).join('\n')).not.toMatch(/NaN|in sessions/);
});
