import { expect, test } from 'vitest';
import type { Found } from '../cluster/discovery.ts';
import { Site, type SiteTold } from './site.ts';

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:1';
const nothing = () => undefined;
const TOLD: SiteTold = {
  ...{ applied: nothing, happened: nothing, state: nothing },
  ...{ joined: nothing, left: nothing, settings: nothing, mixed: nothing, trouble: nothing },
};

function found(...names: string[]): Found {
  const replicas = names.map((name) => ({ name, url: null, internal: NOWHERE, state: null }));
  return { replicas, protocol: 'guarded', boundMs: 1_000, redisUp: null, postgresUp: null, nginxUp: null };
}

test('a look that was begun before another says nothing when it ends after it', async () => {
  const answers = [Promise.withResolvers<Found>(), Promise.withResolvers<Found>()];
  let looks = 0;
  const site = new Site(() => (answers[looks++] as (typeof answers)[0]).promise, TOLD);
  const [older, newer] = [site.refresh(), site.refresh()];
  answers[1]?.resolve(found('api-1', 'api-2'));
  await newer;
  answers[0]?.resolve(found('api-1', 'api-2', 'api-3', 'api-4'));
  await older;
  expect(site.names()).toEqual(['api-1', 'api-2']);
  site.close();
});
