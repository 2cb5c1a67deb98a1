import { describe, expect, test } from 'vitest';
import { idempotencyKeyOf, idOf, queryOf, wishOf } from './parameters.ts';

const REFUSED = expect.objectContaining({ code: 'invalid_parameter', status: 400 });

describe('how new a read has to be', () => {
  test.each([
    [{}, { level: 'bounded' }],
    [{ consistency: 'bounded' }, { level: 'bounded' }],
    [{ consistency: 'strong' }, { level: 'strong' }],
    [{ 'consistency-token': 'a.b~c' }, { level: 'session', token: 'a.b~c' }],
    [{ cookie: 'consistency-token=abc' }, { level: 'session', token: 'abc' }],
    [{ cookie: 'x-consistency-token=1; consistency-token = abc ;y' }, { level: 'session', token: 'abc' }],
    [
      { cookie: 'consistency-token=abc', 'consistency-token': 'def' },
      { level: 'session', token: 'def' },
    ],
    [
      { cookie: 'consistency-token=abc', consistency: 'strong' },
      { level: 'strong', token: 'abc' },
    ],
    [{ cookie: 'consistency-tokens=abc' }, { level: 'bounded' }],
  ])('%j', (headers, wish) => expect(wishOf(headers)).toEqual(wish));

  test.each([{ consistency: 'STRONG' }, { 'consistency-token': 'a;b' }, { cookie: 'consistency-token=' }])(
    '%j is refused',
    (headers) => expect(() => wishOf(headers)).toThrow(REFUSED),
  );
});

describe('the query', () => {
  test.each([
    ['/products', {}],
    ['/products?', {}],
    ['/products?a=1&b=two+words%21', { a: '1', b: 'two words!' }],
    ['/products?a=1=2', { a: '1=2' }],
    ['/products?%61=1', { a: '1' }],
    ['/products?a', { a: '' }],
  ])('%s', (url, values) => expect(queryOf(url, ['a', 'b'])).toEqual(values));

  test.each(['/products?c=1', '/products?a=1&a=1', '/products?a=1&%61=1', '/products?a=%', '/products?toString=1'])(
    '%s is refused',
    (url) => expect(() => queryOf(url, ['a', 'b'])).toThrow(REFUSED),
  );
});

test.each(['1', '42', '9007199254740991'])('%s is an id', (text) => expect(idOf(text)).toBe(Number(text)));

test.each([undefined, '', '0', '-1', '01', '1.0', '1e3', '٣', '9007199254740992'])('%s is no id', (text) => {
  expect(() => idOf(text)).toThrow(REFUSED);
});

test('an idempotency key is taken as it is', () => {
  expect(idempotencyKeyOf({ 'idempotency-key': '!a~' })).toBe('!a~');
  expect(idempotencyKeyOf({})).toBeNull();
  expect(() => idempotencyKeyOf({ 'idempotency-key': 'a b' })).toThrow(REFUSED);
});
