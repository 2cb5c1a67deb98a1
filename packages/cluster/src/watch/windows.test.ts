/** Rates and lags of the last seconds; events in words, bounded, and harmless to a terminal. */
import { describe, expect, test } from 'vitest';
import { EventSplitter, type StreamEvent } from './event-source.ts';
import { Events, wordsOf } from './events.ts';
import { LagWindow, lagOf, RateWindow, totalOf, WINDOW_MS } from './windows.ts';

describe('rates', () => {
  test('need two samples, and look no further back than the window', () => {
    const window = new RateWindow();
    window.add(0, { gets: 1_000 });
    expect(window.rates()).toBeNull();
    window.add(500, { gets: 1_050 });
    expect(window.rates()?.gets).toBe(100);
    for (let at = 1_000; at <= 2 * WINDOW_MS; at += 500) window.add(at, { gets: 1_050 });
    expect(window.rates()?.gets).toBe(0);
  });

  test('begin anew with a process that counts from nothing', () => {
    const window = new RateWindow();
    window.add(0, { gets: 1_000 });
    window.add(1_000, { gets: 10 });
    expect(window.rates()).toBeNull();
    window.add(2_000, { gets: 30 });
    expect(window.rates()?.gets).toBe(20);
  });

  test('of all replicas: reads add up, an invalidation is one however many apply it', () => {
    const one = new RateWindow();
    one.add(0, {});
    one.add(1_000, { gets: 5, invalidationsApplied: 7 });
    const rates = one.rates();
    const total = totalOf(rates === null ? [] : [rates, rates]);
    expect([total?.gets, total?.invalidationsApplied]).toEqual([10, 7]);
    expect(totalOf([])).toBeNull();
  });
});

describe('lags', () => {
  test('are those of the window, and bounded', () => {
    const window = new LagWindow();
    window.add(0, 100);
    for (let count = 0; count < 10_000; count++) window.add(WINDOW_MS + 1, count);
    const lags = window.within(WINDOW_MS + 1);
    expect(lags.length).toBeLessThanOrEqual(2_048);
    expect(lags.at(-1)).toBe(9_999);
    expect(window.within(3 * WINDOW_MS)).toEqual([]);
  });

  test('percentiles are values that were seen', () => {
    expect(lagOf([])).toBeNull();
    expect(lagOf([3])).toEqual({ p50: 3, p99: 3 });
    expect(lagOf(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({ p50: 50, p99: 99 });
  });
});

describe('events', () => {
  test('of a kind that come together are one, with their number', () => {
    const events = new Events();
    events.add(0, 'api-1', 'gap', 'lost 1');
    events.add(10, 'api-2', 'flush', 'emptied');
    events.add(20, 'api-1', 'gap', 'lost 2');
    events.add(5_000, 'api-1', 'gap', 'lost 3');
    events.add(5_010, 'api-2', 'flush', 'emptied');
    events.add(5_020, 'api-1', 'flush', 'emptied');
    expect(events.kept.map(({ who, text, times }) => [who, text, times])).toEqual([
      [['api-2'], 'emptied', 1],
      [['api-1'], 'lost 2', 2],
      [['api-1'], 'lost 3', 1],
      [['api-2', 'api-1'], 'emptied', 1],
    ]);
    expect(events.takeFresh()).toHaveLength(4);
    expect(events.takeFresh()).toEqual([]);
  });

  test('are bounded, and carry nothing that steers a terminal', () => {
    const events = new Events();
    for (let count = 0; count < 1_000; count++) events.add(count * 10_000, 'api-1', 'state', `a\u001b[2J${count}`);
    expect(events.kept.length).toBeLessThanOrEqual(200);
    expect(events.kept.at(-1)?.text).toBe('a [2J999');
  });

  test('are said in words', () => {
    expect(wordsOf('gap', { applied: 4, clock: 6 })).toEqual(['gap', 'lost on the bus: message 5']);
    expect(wordsOf('gap', { applied: 4, clock: 9 })).toEqual(['gap', 'lost on the bus: messages 5 to 8']);
    expect(wordsOf('flush', { cause: 'trimmed' })?.[1]).toContain('no longer in the journal');
    expect(wordsOf('trust', { state: 'lapsed' })?.[1]).toContain('not served');
    expect(wordsOf('snapshot', {})).toBeUndefined();
  });
});

test('a stream is cut into events wherever the network has cut it', () => {
  const heard: StreamEvent[] = [];
  const splitter = new EventSplitter((event) => heard.push(event));
  const text =
    ': here\n\nid: 1\nevent: gap\ndata: {"clock":3}\n\ndata: no JSON\n\nevent: flush\ndata: {"cause":"asked"}\n\n';
  for (const letter of text) expect(splitter.take(letter)).toBe(true);
  expect(heard).toEqual([
    { name: 'gap', data: { clock: 3 } },
    { name: 'flush', data: { cause: 'asked' } },
  ]);
  expect(splitter.take('x'.repeat(2 << 20))).toBe(false);
});
