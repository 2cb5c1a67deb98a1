import { defineConfig } from 'vitest/config';

/**
 * Three kinds of test, the fast ones first: `unit` needs nothing but Node, `servers` start a Redis, Postgres or nginx of
 * their own, `cluster` starts whole clusters, one at a time, as two of them on one machine would measure each other.
 */
export default defineConfig({
  test: {
    reporters: ['default', './tests/setup/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{apps,packages}/*/src/**/*.test.ts', 'tests/unit/**/*.test.ts'],
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'servers',
          include: ['{apps,packages}/*/test/**/*.test.ts'],
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
          include: ['tests/cluster/**/*.test.ts'],
          globalSetup: 'tests/setup/programs.ts',
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
