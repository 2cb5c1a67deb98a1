import { expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

const GOOD = {
  CONSOLE_CLUSTER: 'http://127.0.0.1:8080',
  CONTROL_SOCKET: '/run/s',
  DATABASE_URL: 'postgres://u:secret@127.0.0.1/x',
};
const read = (env: Record<string, string>) => readConfig(env, (path) => `redis://from${path}:6379\n`);
const problems = (env: Record<string, string>) => {
  try {
    read(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

test('defaults: loopback, and traffic from the start', () => {
  expect(read(GOOD)).toMatchObject({
    host: '127.0.0.1',
    port: 8090,
    rps: 120,
    writesPercent: 5,
    redisUrl: null,
    dns: null,
  });
});

test('URLs may be in files', () => {
  expect(read({ ...GOOD, REDIS_URL_FILE: '/redis' }).redisUrl).toBe('redis://from/redis:6379');
});

test('all problems at once, and no password among them', () => {
  const found = problems({ CONSOLE_RPS: '-1', CONSOLE_COLOUR: 'red', DATABASE_URL: 'mysql://u:secret@h/x' });
  expect(found.map((problem) => problem.split(' ')[0]).sort()).toEqual(
    ['CONSOLE_CLUSTER', 'CONSOLE_COLOUR', 'CONSOLE_RPS', 'CONTROL_SOCKET', 'DATABASE_URL'].sort(),
  );
  expect(found.join()).not.toContain('secret');
});

test('replicas are found by the launcher or by name, not by both', () => {
  expect(problems({ ...GOOD, CONSOLE_DNS: 'private-api' })).toHaveLength(1);
});
