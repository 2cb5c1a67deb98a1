import type { CacheState } from '@lockstep/cache';
import type { RequestHandler } from 'express';
import { noQuery } from '../http/parameters.ts';

/** A replica's state: the cache's, until it drains. */
export type ReplicaState = CacheState | 'draining';

const REASONS: Readonly<Record<Exclude<ReplicaState, 'ready'>, string>> = {
  starting: 'the cache has not been attached yet',
  parked: 'the cache has no proof that L1 is up to date: Redis does not answer',
  draining: 'the replica is about to end',
};

/** `/livez`: the process answers. `/readyz`: requests should come here, or why not. */
export function healthRoutes(name: string, state: () => ReplicaState): { live: RequestHandler; ready: RequestHandler } {
  const answer =
    (bodyOf: () => { status: string; reason?: string }): RequestHandler =>
    (request, response) => {
      noQuery(request.url);
      const said = bodyOf();
      const body = JSON.stringify(said);
      response.writeHead(said.reason === undefined ? 200 : 503, {
        'X-Served-By': name,
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': String(Buffer.byteLength(body)),
        'Cache-Control': 'no-store',
        ...(said.reason === undefined ? {} : { 'Retry-After': '1' }),
      });
      response.end(body);
    };
  return {
    live: answer(() => ({ status: 'live' })),
    ready: answer(() => {
      const status = state();
      return status === 'ready' ? { status } : { status, reason: REASONS[status] };
    }),
  };
}
