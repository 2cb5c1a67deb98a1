/** One direction of a link holds no more than its limit: beyond it, the sender is not read. */
import type { Socket } from 'node:net';
import { type Duplex, PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { LINK_BUFFER_BYTES } from '../limits.ts';
import { Direction } from './direction.ts';

const OPTIONS = { pushes: false, random: Math.random, lost: () => undefined };
const CHUNK = Buffer.alloc(64 << 10);

function between(from: Duplex, to: Writable): Direction {
  const direction = new Direction(from as unknown as Socket, to as unknown as Socket, OPTIONS);
  from.on('data', (chunk: Buffer) => direction.take(chunk));
  return direction;
}

test('with a long latency it stops reading at its limit, and reads on when it may deliver', async () => {
  const from = new PassThrough({ highWaterMark: CHUNK.length });
  const to = new PassThrough({ highWaterMark: 64 << 20 });
  const direction = between(from, to);
  direction.set({ kind: 'latency', ms: 3_600_000 });
  let sent = 0;
  const send = () => {
    while (sent < 4 * LINK_BUFFER_BYTES) {
      sent += CHUNK.length;
      if (!from.write(CHUNK)) break;
    }
  };
  from.on('drain', send);
  send();
  await expect.poll(() => from.isPaused()).toBe(true);
  // What it holds, and what the streams around it hold.
  expect(sent).toBeLessThan(LINK_BUFFER_BYTES + 8 * CHUNK.length);
  direction.set(null);
  await expect.poll(() => to.readableLength).toBe(4 * LINK_BUFFER_BYTES);
  direction.stop();
});

test('it does not read while the other side takes nothing', async () => {
  const from = new PassThrough();
  const taken: (() => void)[] = [];
  const to = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => taken.push(done) });
  const direction = between(from, to);
  direction.set(null);
  from.write('a');
  await expect.poll(() => taken.length).toBe(1);
  expect(from.isPaused()).toBe(true);
  taken.pop()?.();
  await expect.poll(() => from.isPaused()).toBe(false);
  direction.stop();
});
