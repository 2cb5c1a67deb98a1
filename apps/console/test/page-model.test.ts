import { describe, expect, test } from 'vitest';
import { KEPT, Model } from '../src/page/model.ts';
import { cents, left, percent, price, short, span } from '../src/page/words.ts';
import type { ActiveFault, Invalidation, Snapshot } from '../src/shared/state.ts';
import { World } from './page-world.ts';

function picture(): Snapshot {
  const world = new World(2);
  world.close();
  return world.snapshot();
}

const invalidation = (id: number, lag: number | null): Invalidation => ({
  id,
  key: 'product:1',
  version: id,
  at: id,
  clock: id,
  ticks: { 'api-1': lag },
});
const fault = (id: string): ActiveFault => ({ id, kind: 'pause', target: 'api-1', since: 0, healsAt: 9e15, words: id });

describe('what the page knows', () => {
  test('an invalidation that is told again is the same one, with the tick that has come', () => {
    const model = new Model(picture());
    model.merge({ invalidations: [invalidation(1, null), invalidation(2, null)] });
    model.merge({ invalidations: [invalidation(1, 31)] });
    expect(model.now.invalidations.map(({ id, ticks }) => [id, ticks['api-1']])).toEqual([
      [1, 31],
      [2, null],
    ]);
  });

  test('is bounded, whatever comes', () => {
    const model = new Model(picture());
    const log = (from: number) =>
      Array.from({ length: 700 }, (_, i) => ({ id: from + i, at: 0, kind: 'x', replica: null, text: '' }));
    model.merge({ log: log(1000) });
    model.merge({ log: log(1700), invalidations: Array.from({ length: 900 }, (_, i) => invalidation(i, 1)) });
    expect(model.now.log).toHaveLength(KEPT.log);
    expect(model.now.log.at(-1)?.id).toBe(2399);
    expect(model.now.invalidations).toHaveLength(KEPT.invalidations);
    for (let i = 0; i < 500; i += 1) model.merge({ at: model.now.at + 1, faults: [fault(`f${i}`)] });
    expect(model.faultSpans.length).toBeLessThanOrEqual(KEPT.spans);
  });

  test('a line that is told twice, as after a resume, is there once', () => {
    const model = new Model(picture());
    const line = { id: 5000, at: 0, kind: 'x', replica: null, text: 'once' };
    model.merge({ log: [line] });
    model.merge({ log: [line] });
    expect(model.now.log.filter(({ id }) => id === 5000)).toHaveLength(1);
  });

  test('points are added, and all columns stay as long as the times', () => {
    const model = new Model(picture());
    const { t, columns } = model.now.series;
    const at = (t.at(-1) ?? 0) + 500;
    const one = Object.fromEntries(Object.keys(columns).map((name) => [name, [7]])) as typeof columns;
    model.merge({ series: { t: [at], columns: one } });
    const { series } = model.now;
    expect(series.t.at(-1)).toBe(at);
    expect(new Set(Object.values(series.columns).map(({ length }) => length))).toEqual(new Set([series.t.length]));
  });

  test('remembers when a fault ended, for its band, until it has left the window', () => {
    const model = new Model(picture());
    const { at } = model.now;
    model.merge({ at, faults: [fault('f1')] });
    expect(model.faultSpans[0]?.until).toBe(null);
    model.merge({ at: at + 4000, faults: [] });
    expect(model.faultSpans[0]?.until).toBe(at + 4000);
    model.merge({ at: at + 4000 + KEPT.seriesMs, faults: [] });
    expect(model.faultSpans).toEqual([]);
  });

  test('keeps the results of a scenario that is over', () => {
    const model = new Model(picture());
    const result = { naive: 'violated: 3 of 9 reads', guarded: null };
    const rest = { phase: 'running', stepText: '', step: 1, of: 2, done: false, shown: null };
    model.merge({ scenario: { name: 'late-fill', protocol: 'guarded', result, ...rest } });
    model.merge({ scenario: null });
    expect(model.results.get('late-fill')).toEqual(result);
  });
});

describe('how numbers are written', () => {
  test.each([
    [span(0.42), '0.4 ms'],
    [span(31.2), '31 ms'],
    [span(1240), '1.24 s'],
    [span(48_000), '48 s'],
    [span(null), '–'],
    [short(9999), '9,999'],
    [short(12_400), '12.4k'],
    [percent(0.004), '<1 %'],
    [percent(0.9999), '>99 %'],
    [percent(1), '100 %'],
    [left(-3), '0 s'],
    [left(5100), '6 s'],
    [price(1905), '19.05'],
    [cents(' 19,5 '), 1950],
    [cents('19.05'), 1905],
    [cents('free'), null],
  ])('%s', (written, wanted) => {
    expect(written).toBe(wanted);
  });
});
