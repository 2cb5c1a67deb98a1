import { freePort } from '@lockstep/cluster/servers';
import { Compose } from '../../packages/cluster/src/compose/compose.ts';
import { COMPOSE_UP_MS } from '../../packages/cluster/src/limits.ts';

/** The cluster of docker-compose.yml under a name and on a port of its own, so that one that runs here is left alone. */
export interface Composed {
  readonly compose: Compose;
  readonly url: string;
  /** `docker compose up -d --no-recreate --scale api=N`: returns when Compose does. */
  scale(replicas: number): Promise<void>;
  /** Removes its containers, networks and volumes. */
  remove(): Promise<void>;
}

/** Starts it as the README says. */
export async function startComposed(name: string, env: Readonly<Record<string, string>> = {}): Promise<Composed> {
  const port = await freePort();
  const all = { LOG_LEVEL: 'info', ...env, LOCKSTEP_PORT: `127.0.0.1:${port}` };
  const compose = new Compose(`lockstep-test-${name}-${process.pid}`, all);
  const up = ['up', '-d', '--build', '--wait'];
  try {
    await compose.run(up, { limitMs: COMPOSE_UP_MS });
  } catch (error) {
    await compose.remove();
    throw error;
  }
  return {
    compose,
    url: `http://127.0.0.1:${port}`,
    scale: async (replicas) => {
      await compose.run(['up', '-d', '--no-recreate', '--scale', `api=${replicas}`]);
    },
    remove: () => compose.remove(),
  };
}
