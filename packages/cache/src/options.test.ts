/** Options have defaults, and those that do not fit are refused all at once. */
import { expect, test } from 'vitest';
import { OptionsError } from './errors.ts';
import { type CacheOptions, checkOptions } from './options.ts';

const good = { redisUrl: 'redis://localhost:6379', name: 'api-1' };

function problems(options: object): readonly string[] {
  try {
    checkOptions({ ...good, ...options } as CacheOptions);
  } catch (error) {
    return (error as OptionsError).problems;
  }
  return [];
}

test('two options are enough; the beat is a quarter of the bound, and the bus where Redis is', () => {
  expect(checkOptions(good)).toMatchObject({
    stalenessMs: 1_000,
    beatMs: 250,
    busUrl: good.redisUrl,
    l1: 'node-cache',
  });
  expect(checkOptions({ ...good, stalenessMs: 403, namespace: undefined })).toMatchObject({ beatMs: 100 });
});

test('every problem is named at once', () => {
  const bad = {
    redisUrl: 'http://localhost',
    busUrl: 'redis://a,b',
    name: 'not a name',
    stalenessMs: 50,
    beatMs: 40,
    l1: 'memory',
    loads: 1.5,
    colour: 'blue',
  };
  const expected = ['colour', 'stalenessMs', 'loads', 'name', 'redisUrl', 'busUrl', 'l1', 'three times'];
  expect(problems(bad)).toHaveLength(expected.length);
  for (const word of expected) expect(problems(bad)).toContainEqual(expect.stringContaining(word));
  expect(() => checkOptions(bad as unknown as CacheOptions)).toThrow(OptionsError);
});

test('one late beat must not park L1, and a name is never left out', () => {
  expect(problems({ stalenessMs: 300, beatMs: 100 })).toHaveLength(1);
  expect(problems({ stalenessMs: 301, beatMs: 100 })).toEqual([]);
  expect(problems({ name: undefined })).toHaveLength(1);
});
