import type { Cache } from '@lockstep/cache';
import type { Path } from '../app.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Origin } from '../origin/origin.ts';
import { CatalogueWriter } from '../writer.ts';
import { healthRoutes, type ReplicaState } from './health.ts';
import { readRoutes } from './reads.ts';
import { writeRoutes } from './writes.ts';

export interface PublicOptions {
  readonly name: string;
  readonly cache: Cache;
  readonly origin: Origin;
  readonly catalogue: Catalogue;
  readonly state: () => ReplicaState;
}

/** What clients see: docs/HTTP.md, "Public". The path that is asked for most comes first, as Express looks in order. */
export function publicRoutes({ name, cache, origin, catalogue, state }: PublicOptions): readonly Path[] {
  const { boundMs } = cache.status().trust;
  const reads = readRoutes({ name, cache, catalogue });
  const writes = writeRoutes({ name, cache, writer: new CatalogueWriter(cache, origin), boundMs });
  const health = healthRoutes(name, state);
  return [
    {
      path: '/products/:id',
      get: reads.product,
      put: writes.replace,
      patch: writes.patch,
      delete: writes.remove,
    },
    { path: '/products', get: reads.list, post: writes.create },
    { path: '/products/:id/purchase', post: writes.purchase },
    { path: '/readyz', get: health.ready },
    { path: '/livez', get: health.live },
  ];
}
