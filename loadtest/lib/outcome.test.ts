import { expect, test } from 'vitest';
import { outcomeOfWrite } from './outcome.ts';

const problem = (code: string) => JSON.stringify({ code });

test.each([
  [200, '{}', 'ok'],
  [409, problem('insufficient_stock'), 'failed'],
  [503, problem('cache_unreachable'), 'failed'],
  [503, problem('outcome_unknown'), 'unknown'],
  [503, 'not JSON', 'unknown'],
  [503, null, 'unknown'],
  [504, problem('gateway_timeout'), 'unknown'],
  [500, problem('internal'), 'unknown'],
  [0, null, 'unknown'],
])('a write answered with %s %s: %s', (status, body, outcome) => {
  expect(outcomeOfWrite({ status, body })).toBe(outcome);
});
