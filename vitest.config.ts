import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/setup/longest-first.ts';

/**
 * For what never comes to be: how long something takes, no test says by this, nor by the limits of tests and hooks. On two
 * cores with much else to do initdb alone takes a minute now and then.
 */
const expectOptions = { poll: { timeout: 60_000 } };
const LONG_MS = 300_000;
const LONG_HOOK_MS = 300_000;

/**
 * Four kinds of test, the fast ones first: `unit` needs nothing but Node, `servers` start a Redis, Postgres or nginx of
 * their own, `cluster` starts whole clusters, one at a time, as two of them on one machine would measure each other, and
 * `containers` the same in or on containers, where a Docker engine answers.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './tests/setup/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          expect: expectOptions,
          include: [
            '{apps,packages}/*/src/**/*.test.ts',
            '{bench,loadtest}/{lib,src}/**/*.test.ts',
            'tests/unit/**/*.test.ts',
          ],
          // With order 0 and one worker, as it would be on two cores, Vitest puts a project last.
          sequence: { groupOrder: 1 },
          maxWorkers: '100%',
          testTimeout: LONG_MS,
        },
      },
      {
        test: {
          name: 'servers',
          expect: expectOptions,
          include: ['{apps,packages}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
          globalSetup: 'tests/setup/programs.ts',
          sequence: { groupOrder: 2 },
          maxWorkers: 2,
          testTimeout: LONG_MS,
          hookTimeout: LONG_HOOK_MS,
        },
      },
      {
        test: {
          name: 'cluster',
          expect: expectOptions,
          include: ['tests/cluster/**/*.test.ts', 'loadtest/test/**/*.test.ts'],
          globalSetup: 'tests/setup/programs.ts',
          setupFiles: 'tests/setup/go-first.ts',
          sequence: { groupOrder: 3 },
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The same suites, unchanged, on other servers.
        resolve: {
          alias: [
            { find: /^@lockstep\/cluster$/, replacement: join(import.meta.dirname, 'tests/containers/cluster.ts') },
          ],
        },
        test: {
          name: 'containers',
          expect: expectOptions,
          include: ['tests/{compose,containers}/**/*.test.ts'],
          globalSetup: ['tests/setup/programs.ts', 'tests/setup/engine.ts'],
          // The suites remove their containers themselves, and need no helper's image for it.
          env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
          sequence: { groupOrder: 4 },
          fileParallelism: false,
          // As where they come from.
          testTimeout: 300_000,
          // Images may have to be fetched and built first.
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
