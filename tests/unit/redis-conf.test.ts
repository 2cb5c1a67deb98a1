/**
 * Redis of the containers and Redis of the processes are configured apart, as their surroundings differ; what the cache
 * relies on has to be the same in both.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Set by where it runs: addresses, users, folders, and the size that the launcher fills in. */
const SURROUNDINGS = ['bind', 'port', 'protected-mode', 'requirepass', 'aclfile', 'dir', 'maxmemory'];

function directives(name: string): Map<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../infra/redis', name), 'utf8');
  const lines = text.split('\n').filter((line) => /^[a-z]/.test(line));
  return new Map(lines.map((line) => [line.split(' ', 1).join(), line.slice(line.indexOf(' ') + 1)]));
}

test('what does not depend on the surroundings is the same', () => {
  const [processes, containers] = [directives('redis.conf'), directives('compose.conf')];
  for (const name of SURROUNDINGS) for (const one of [processes, containers]) one.delete(name);
  expect(Object.fromEntries(containers)).toEqual(Object.fromEntries(processes));
  expect(containers.get('maxmemory-policy')).toBe('volatile-lru');
  expect(containers.get('repl-backlog-ttl')).toBe('0');
});
