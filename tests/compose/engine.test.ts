/** Whether there are containers to test on at all: without it, a machine that lost its engine would still be green. */
import { expect, inject, test } from 'vitest';

test('a Docker engine answers', ({ skip }) => {
  const problem = inject('engineProblem');
  skip(problem !== null && process.env.REQUIRE_DOCKER !== '1', problem ?? undefined);
  expect(problem).toBeNull();
});
