/** What the private listener says of a cache that is closed, as it goes on until the last part of a replica is gone. */
import { createCache } from '@lockstep/cache';
import { expect, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { Listener } from '../src/http/listener.ts';
import { type InternalOptions, internalRoutes } from '../src/internal/routes.ts';
import { createLog } from '../src/log.ts';
import { ask, expectProblem } from './ask.ts';

test('a look at a key is refused, and no failure of the replica', async () => {
  const lines: string[] = [];
  const log = createLog('info', 'api-1', { write: (line: string) => lines.push(line) });
  const cache = createCache({ redisUrl: 'redis://127.0.0.1:1', name: 'api-1' });
  const options = { name: 'api-1', cache } as unknown as InternalOptions;
  const listener = new Listener({ name: 'api-1', handler: createApp('api-1', log, internalRoutes(options)) });
  const url = `http://127.0.0.1:${await listener.listen('127.0.0.1', 0)}`;
  try {
    const peek = () => ask(`${url}/internal/peek?key=product:1`);
    expect((await peek()).json).toEqual({ key: 'product:1', l1: null, l2: null });
    await cache.close();
    expectProblem(await peek(), 503, 'draining');
    expect((await ask(`${url}/internal/l1/flush`, { method: 'POST' })).status).toBe(204);
  } finally {
    await cache.close();
    await listener.close();
  }
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: 40, code: 'draining' }]);
});
