import { Resolver } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';

/** How long the network is asked for a name, ms: nobody waits for a replica because its DNS is silent. */
const LOOKUP_LIMIT_MS = 1_000;
const NAME_LENGTH = 64;

/** The name under which the network knows this host (`api-2` under compose), else the host's own. */
export async function findReplicaName(): Promise<string> {
  const address = ownAddress();
  const names = address === undefined ? [] : await pointersOf(address);
  return nameFromPointer(names[0]) ?? toName(hostname()) ?? 'replica';
}

/**
 * `shop-api-2.shop_default` -> `api-2`: the first label, less the project, which is what the network's name begins with.
 * A pointer of any other shape gives its first label.
 */
export function nameFromPointer(pointer: string | undefined): string | undefined {
  const [label = '', network = ''] = pointer?.split('.') ?? [];
  for (let dash = label.lastIndexOf('-'); dash > 0; dash = label.lastIndexOf('-', dash - 1)) {
    if (network.startsWith(`${label.slice(0, dash)}_`)) return toName(label.slice(dash + 1));
  }
  return toName(label);
}

/** What peers and headers may be told; undefined when nothing is left. */
function toName(text: string): string | undefined {
  const name = text.replace(/[^A-Za-z0-9._-]/g, '').slice(0, NAME_LENGTH);
  return name === '' ? undefined : name;
}

/** By DNS and not by `dns.reverse`, which finds the container's id in /etc/hosts first. */
async function pointersOf(address: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: LOOKUP_LIMIT_MS, tries: 1 });
  const limit = setTimeout(() => resolver.cancel(), LOOKUP_LIMIT_MS);
  try {
    return await resolver.resolvePtr(`${address.split('.').reverse().join('.')}.in-addr.arpa`);
  } catch {
    return [];
  } finally {
    clearTimeout(limit);
  }
}

function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
