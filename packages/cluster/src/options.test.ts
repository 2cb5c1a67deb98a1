/** Options have defaults, and those that do not fit are refused together. */
import { expect, test } from 'vitest';
import { UsageError } from './errors.ts';
import { resolveOptions } from './options.ts';

test('without options: three guarded replicas on any port, beating four times within the bound', () => {
  expect(resolveOptions({})).toMatchObject({
    replicas: 3,
    port: 0,
    settings: { protocol: 'guarded', writes: 'bounded', stalenessMs: 1000, beatMs: 250 },
    replicaCommand: ['apps/api/src/main.ts'],
    migrateCommand: ['apps/api/src/migrate.ts', '--seed'],
  });
});

test('the beat follows the bound, unless the environment says otherwise', () => {
  expect(resolveOptions({ stalenessMs: 400 }).settings.beatMs).toBe(100);
  expect(resolveOptions({ env: { CACHE_BEAT_MS: '50' } }).settings.beatMs).toBe(50);
});

test('every problem is named', () => {
  const options = { replicas: 17, port: -1, stalenessMs: 0.5 } as const;
  expect(() => resolveOptions(options)).toThrow(UsageError);
  try {
    resolveOptions(options);
  } catch (error) {
    expect((error as UsageError).problems).toHaveLength(3);
  }
});
