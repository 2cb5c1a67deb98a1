/** That the limit of a session counts what Postgres does, and not how long this process stands still. */
import { MessageChannel } from 'node:worker_threads';
import type { PoolClient } from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Session } from './session.ts';

const LIMIT_MS = 20;
const destroy = vi.fn();
let wire: MessageChannel;
let session: Session;

/** A connection on which Postgres answers as soon as something is posted: that arrives where sockets are read. */
beforeEach(() => {
  destroy.mockClear();
  wire = new MessageChannel();
  const client = {
    connection: { stream: { destroy } },
    query: () => new Promise((resolve) => wire.port1.once('message', resolve)),
    getTransactionStatus: () => 'I',
    release: () => undefined,
  };
  session = new Session(client as unknown as PoolClient);
});

afterEach(() => wire.port1.close());

/** This process does nothing else for so long. */
function standStill(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('an answer that has come while the process stood still beyond the limit is read, and the connection kept', async () => {
  // What comes next are timers, and sockets only then.
  await turn();
  session.limit(LIMIT_MS);
  const asked = session.query('SELECT 1');
  wire.port2.postMessage({ rows: [] });
  standStill(2 * LIMIT_MS);
  expect(await asked).toEqual({ rows: [] });
  session.release();
  await turn();
  expect(destroy).not.toHaveBeenCalled();
});

test('without an answer it is cut at the limit', async () => {
  session.limit(LIMIT_MS);
  await vi.waitFor(() => expect(destroy).toHaveBeenCalledTimes(1), { timeout: 60_000 });
  expect(session.usable).toBe(false);
  session.release();
});
