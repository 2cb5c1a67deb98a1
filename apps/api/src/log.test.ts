import { expect, test } from 'vitest';
import { createLog, describeError, Throttle } from './log.ts';

test('of an error only its own words are logged: not the command that failed, which may hold a password', () => {
  const cause = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['secret'] } });
  const error = Object.assign(new Error('refused', { cause }), { code: 'E_X', input: 'redis://:secret@host' });
  const lines: string[] = [];
  createLog('info', 'api-1', { write: (line) => void lines.push(line) }).error({ err: error }, 'failed');
  expect(lines.join('')).not.toContain('secret');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 50,
    name: 'api-1',
    msg: 'failed',
    err: { type: 'Error', code: 'E_X', message: 'refused', cause: { message: 'WRONGPASS' } },
  });
});

test('a chain of causes has an end, also one that bites its tail', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(describeError(error)).split('"message"')).toHaveLength(6);
});

test('one line of a kind passes each second, and the next tells how many did not', () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  expect(throttle.pass('a')).toBe(0);
  expect(throttle.pass('a')).toBeUndefined();
  expect(throttle.pass('a')).toBeUndefined();
  expect(throttle.pass('b')).toBe(0);
  now = 1_000;
  expect(throttle.pass('a')).toBe(2);
});
