import { takePort } from '@lockstep/cluster/servers';
import { Compose } from '../../packages/cluster/src/compose/compose.ts';
import { COMPOSE_UP_MS } from '../../packages/cluster/src/limits.ts';

/** The cluster of docker-compose.yml under a name and on a port of its own, so that one that runs here is left alone. */
export interface Composed {
  readonly compose: Compose;
  readonly url: string;
  /** Null without a console. */
  readonly console: string | null;
  /** `docker compose up -d --no-recreate --scale api=N`: returns when Compose does. */
  scale(replicas: number): Promise<void>;
  /** Removes its containers, networks and volumes. */
  remove(): Promise<void>;
}

/** Starts it as the README says; without the console unless it is wished for, as that sends traffic of its own. */
export async function startComposed(
  name: string,
  env: Readonly<Record<string, string>> = {},
  { console: wished = false }: { readonly console?: boolean } = {},
): Promise<Composed> {
  // Ours until all is removed: images may have to be built before the engine listens on them.
  const [front, page] = await Promise.all([takePort(), takePort()]);
  const release = () => Promise.all([front.release(), page.release()]);
  const all = {
    ...{ LOG_LEVEL: 'info', LOCKSTEP_CONSOLE: wished ? '1' : '0', ...env },
    ...{ LOCKSTEP_PORT: `127.0.0.1:${front.port}`, LOCKSTEP_CONSOLE_PORT: String(page.port) },
  };
  const compose = new Compose(`lockstep-test-${name}-${process.pid}`, all);
  const up = ['up', '-d', '--build', '--wait'];
  try {
    await compose.run(up, { limitMs: COMPOSE_UP_MS });
  } catch (error) {
    await compose.remove();
    await release();
    throw error;
  }
  return {
    compose,
    url: `http://127.0.0.1:${front.port}`,
    console: wished ? `http://127.0.0.1:${page.port}` : null,
    scale: async (replicas) => {
      await compose.run(['up', '-d', '--no-recreate', '--scale', `api=${replicas}`]);
    },
    remove: async () => {
      await compose.remove();
      await release();
    },
  };
}
