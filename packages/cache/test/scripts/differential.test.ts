/**
 * The simulated Redis of packages/model against a real one: the same calls and faults, in random order, must give the same
 * replies, the same state and the same messages. What the model explores is then what the scripts do.
 */
import type { Without } from '@lockstep/model/redis';
import fc from 'fast-check';
import { test as base, expect, vi } from 'vitest';
import { startRedis } from '../redis.ts';
import { runOnBoth } from './differential/both.ts';
import { Real } from './differential/real.ts';
import { steps } from './differential/steps.ts';

/** Another number tries other sequences; a failure names the one that it had. */
const SEED = Number(process.env.PROPERTY_SEED ?? 20_261_124);
const RUNS = 500;
/** At most; most differences are found in a tenth of it. */
const CONTROL_RUNS = 1_500;
/** Seconds on an idle machine, many times that on a slow or shared one. */
vi.setConfig({ testTimeout: 300_000 });

// biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern which other fixtures are wanted.
const test = base.extend('real', { scope: 'file' }, async ({}, { onCleanup }) => {
  const server = await startRedis();
  const real = await Real.open(server.url);
  onCleanup(async () => {
    await real.close();
    await server.stop();
  });
  return real;
});

test('both give the same replies, hold the same state and publish the same', async ({ real }) => {
  const property = fc.asyncProperty(steps, (list) => runOnBoth(real, list));
  await fc.assert(property, { seed: SEED, numRuns: RUNS });
});

const DIFFERENCES: readonly Without[] = [
  { leaseToken: true },
  { quarantine: true },
  { fallback: true },
  { tagsAfterCommit: 'mark' },
  { tagsAfterCommit: 'both' },
  { replid: true },
  { valueEpoch: true },
  { leaseEpoch: true },
  { markWriters: true },
  { blessPrevious: true },
  { floor: true },
  { blessingEnds: true },
];

test.for(DIFFERENCES)('a simulation without %o is found out', async (without, { real }) => {
  const property = fc.asyncProperty(steps, (list) => runOnBoth(real, list, without));
  const found = await fc.check(property, { seed: SEED, numRuns: CONTROL_RUNS, endOnFailure: true });
  expect(found).toMatchObject({
    failed: true,
    errorInstance: { message: expect.stringMatching(/^(step \d|the state)/) },
  });
});
