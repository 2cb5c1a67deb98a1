import { ensurePrograms } from '@lockstep/cluster/servers';

/** Redis and nginx for the suites that need them: found, or installed as `npm start` would, or said how. */
export async function setup(): Promise<void> {
  await ensurePrograms({ install: true, say: (message) => console.log(message), signal: AbortSignal.timeout(600_000) });
}
