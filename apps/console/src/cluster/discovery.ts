import { lookup } from 'node:dns/promises';
import { askJson } from '../observe/ask.ts';
import type { Protocol } from '../shared/state.ts';
import type { Control } from './control.ts';

/** How long a replica may take to say its name, ms. */
const NAME_LIMIT_MS = 1_000;
/** Addresses that one name may have. */
const REPLICAS_MOST = 32;

export interface FoundReplica {
  readonly name: string;
  /** Its public listener, past nginx. */
  readonly url: string | null;
  readonly internal: string;
  /** The launcher's word for it; null where there is no launcher. */
  readonly state: string | null;
}

export interface Found {
  readonly replicas: readonly FoundReplica[];
  readonly protocol: Protocol | null;
  readonly boundMs: number | null;
  readonly redisUp: boolean | null;
  readonly postgresUp: boolean | null;
  readonly nginxUp: boolean | null;
}

/** Says who is there. Rejects when it cannot be said. */
export type Discovery = () => Promise<Found>;

/** By the launcher's list. */
export function byControl(control: Pick<Control, 'status'>): Discovery {
  return async () => {
    const { replicas, settings, redis, postgres, nginx } = await control.status();
    return {
      replicas: replicas.flatMap(({ name, url, internal, state }) =>
        internal === null ? [] : [{ name, url, internal, state }],
      ),
      protocol: settings.protocol,
      boundMs: settings.stalenessMs,
      redisUp: redis.pid !== null,
      postgresUp: postgres.pid !== null,
      nginxUp: nginx.pid !== null,
    };
  };
}

/** By a name that leads to every replica's private side, as in compose; each is asked how it is called. */
export function byDns(host: string, internalPort: number, port: number): Discovery {
  const names = new Map<string, string>();
  return async () => {
    const addresses = (await lookup(host, { all: true })).slice(0, REPLICAS_MOST).map(({ address }) => address);
    for (const known of names.keys()) if (!addresses.includes(known)) names.delete(known);
    const replicas = await Promise.all(
      addresses.map(async (address): Promise<FoundReplica[]> => {
        const at = address.includes(':') ? `[${address}]` : address;
        const internal = `http://${at}:${internalPort}`;
        const known = names.get(address);
        const said = known ?? (await askJson(`${internal}/internal/status`, NAME_LIMIT_MS))?.name;
        if (typeof said !== 'string') return [];
        names.set(address, said);
        return [{ name: said, url: `http://${at}:${port}`, internal, state: null }];
      }),
    );
    const sorted = replicas.flat().sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    const unknown = { protocol: null, boundMs: null, redisUp: null, postgresUp: null, nginxUp: null };
    return { replicas: sorted, ...unknown };
  };
}
