import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigError } from './config.ts';

/** The addresses of a name, and those of this host. */
export interface Addresses {
  readonly named: (name: string) => Promise<readonly string[]>;
  readonly own: () => readonly string[];
}

const SYSTEM: Addresses = {
  named: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
  own: () => Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []),
};

/**
 * The address to listen on for a host that may be a name: of the addresses that the name has, the one that is ours.
 * Replicas in containers share one name per network, and are told by it on which of their networks to listen; that
 * name leads to all of them, and only one's own address can be listened on. Throws `ConfigError`.
 */
export async function ownAddress(variable: string, host: string, addresses: Addresses = SYSTEM): Promise<string> {
  if (isIP(host) !== 0 || host === 'localhost') return host;
  const named = await addresses.named(host).catch(() => []);
  const own = new Set(addresses.own());
  const found = named.find((address) => own.has(address));
  if (found !== undefined) return found;
  const what = named.length === 0 ? 'which has no address' : `which is ${named.join(', ')} and not this host`;
  throw new ConfigError([`${variable} is ${host}, ${what}: give an address of this host, or a name that includes one`]);
}
