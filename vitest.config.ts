import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Four kinds of test, the fast ones first: `unit` needs nothing but Node, `servers` start a Redis, Postgres or nginx of
 * their own, `cluster` starts whole clusters, one at a time, as two of them on one machine would measure each other, and
 * `containers` the same in or on containers, where a Docker engine answers.
 */
export default defineConfig({
  test: {
    reporters: ['default', './tests/setup/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{apps,packages}/*/src/**/*.test.ts',
            '{bench,loadtest}/{lib,src}/**/*.test.ts',
            'tests/unit/**/*.test.ts',
          ],
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'servers',
          include: ['{apps,packages}/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
          globalSetup: 'tests/setup/programs.ts',
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['tests/cluster/**/*.test.ts', 'loadtest/test/**/*.test.ts'],
          globalSetup: 'tests/setup/programs.ts',
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 180_000,
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
          include: ['tests/{compose,containers}/**/*.test.ts'],
          globalSetup: ['tests/setup/programs.ts', 'tests/setup/engine.ts'],
          // The suites remove their containers themselves, and need no helper's image for it.
          env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
          sequence: { groupOrder: 3 },
          fileParallelism: false,
          testTimeout: 180_000,
          // Images may have to be fetched and built first.
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
