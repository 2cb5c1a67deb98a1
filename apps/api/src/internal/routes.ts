import type { Cache, CacheStatus, Peeked } from '@lockstep/cache';
import type { RequestHandler } from 'express';
import type { Path } from '../app.ts';
import { versionOf } from '../catalogue.ts';
import type { Config } from '../config.ts';
import { noQuery, queryOf } from '../http/parameters.ts';
import { Problem } from '../http/problem.ts';
import type { ReplicaState } from '../routes/health.ts';
import type { EventStream } from './event-stream.ts';
import type { Metrics } from './metrics.ts';

/** Characters of a key that may be asked for. */
const KEY_LENGTH = 256;

export interface InternalOptions {
  readonly name: string;
  readonly cache: Cache;
  readonly status: () => ReplicaStatus;
  readonly events: EventStream;
  readonly metrics: Metrics;
}

/** What `/internal/status` says. */
export interface ReplicaStatus extends Omit<CacheStatus, 'state'> {
  readonly name: string;
  readonly protocol: Config['protocol'];
  readonly state: ReplicaState;
  readonly eventLoopDelayMs: number;
}

/** The private listener: whoever reaches it sees everything, so nothing else does. */
export function internalRoutes({ name, cache, status, events, metrics }: InternalOptions): readonly Path[] {
  const send = (response: Parameters<RequestHandler>[1], type: string, body: string) => {
    response.writeHead(200, { 'X-Served-By': name, 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(body);
  };
  return [
    {
      path: '/internal/status',
      get: (request, response) => {
        noQuery(request.url);
        send(response, 'application/json; charset=utf-8', JSON.stringify(status()));
      },
    },
    {
      path: '/internal/peek',
      get: async (request, response) => {
        const { key = '' } = queryOf(request.url, ['key'] as const);
        if (key === '' || key.length > KEY_LENGTH) {
          throw new Problem('invalid_parameter', `The query needs key, of 1 to ${KEY_LENGTH} characters.`);
        }
        send(response, 'application/json; charset=utf-8', JSON.stringify(described(await cache.peek(key))));
      },
    },
    {
      path: '/internal/events',
      get: (request, response) => {
        noQuery(request.url);
        if (request.method === 'HEAD') send(response, 'text/event-stream', '');
        else events.add(response);
      },
    },
    {
      path: '/internal/l1/flush',
      post: (request, response) => {
        noQuery(request.url);
        cache.flushL1();
        response.writeHead(204, { 'X-Served-By': name, 'Cache-Control': 'no-store' });
        response.end();
      },
    },
    {
      path: '/metrics',
      get: async (request, response) => {
        noQuery(request.url);
        send(response, metrics.contentType, await metrics.text());
      },
    },
  ];
}

/** Versions instead of values: whoever looks wants to know which one is there. */
function described({ key, l1, l2 }: Peeked): object {
  return {
    key,
    l1: l1 && { version: versionOf(l1.value), clock: l1.clock, ageMs: l1.ageMs, expiresInMs: l1.expiresInMs },
    l2: l2 && {
      state: l2.state,
      version: l2.state === 'value' ? versionOf(l2.value) : null,
      clock: l2.state === 'value' ? l2.clock : null,
      expiresInMs: l2.expiresInMs,
    },
  };
}
