import { expect, test } from 'vitest';
import { ConfigError } from './config.ts';
import { ownAddress } from './own-address.ts';

const network = (named: readonly string[]) => ({
  named: async () => named,
  own: () => ['127.0.0.1', '172.20.0.4', '172.21.0.7'],
});

test.each(['127.0.0.1', '0.0.0.0', '::1', 'localhost'])('%s is taken as it is', async (host) => {
  expect(await ownAddress('HOST', host, network([]))).toBe(host);
});

test('of a name that all replicas share, the address that is ours', async () => {
  const shared = network(['172.21.0.5', '172.21.0.7', '172.21.0.6']);
  expect(await ownAddress('HOST', 'private-api', shared)).toBe('172.21.0.7');
});

test.each([
  [['172.21.0.5'], 'INTERNAL_HOST is private-api, which is 172.21.0.5 and not this host'],
  [[], 'INTERNAL_HOST is private-api, which has no address'],
])('a name that is not ours (%s) is a problem of the configuration', async (named, problem) => {
  const failing = ownAddress('INTERNAL_HOST', 'private-api', network(named));
  await expect(failing).rejects.toThrow(ConfigError);
  await expect(failing).rejects.toThrow(problem);
});

test('the system is asked, and a name that nobody knows has no address', async () => {
  // A label of 64 letters is no name: the system knows without asking a network that may be silent.
  await expect(ownAddress('HOST', `${'x'.repeat(64)}.invalid`)).rejects.toThrow('has no address');
});
