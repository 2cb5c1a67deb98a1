/** Much that goes through a link: nothing is lost or swapped, or overwritten by what comes after it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { linkTo, WAYS, type Way } from './testing/link-to.ts';

/** What a sender has to keep to itself before its receiver is taken to be full. */
const PILE_BYTES = 1 << 20;

/** A client of a link to this server, which listens on a port or on a Unix socket; it reads when it is told to. */
async function through(way: Way, serve: (socket: Socket) => void): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-link-'));
  const link = await linkTo(server, way, folder);
  const client = connect(link.port, '127.0.0.1');
  onTestFinished(async () => {
    client.destroy();
    await link.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });
  return client;
}

/** All that it is told until the end. */
async function heardBy(client: Socket): Promise<Buffer> {
  const heard: Buffer[] = [];
  client.on('data', (bytes: Buffer) => heard.push(bytes));
  await once(client, 'end');
  return Buffer.concat(heard);
}

describe.each(WAYS)('to a %s', (way) => {
  test('much data comes through whole, both ways', async () => {
    const said = randomBytes(16 << 20);
    const client = await through(way, (socket) => socket.pipe(socket));
    client.end(said);
    expect((await heardBy(client)).equals(said)).toBe(true);
  });

  test('small pieces that pile up before a client that reads late come through whole', async () => {
    const said: Buffer[] = [];
    const server = Promise.withResolvers<Socket>();
    const client = await through(way, server.resolve);
    const socket = await server.promise;
    // Until all between here and the client is full.
    while (socket.writableLength < PILE_BYTES) {
      const piece = randomBytes(1_000);
      said.push(piece);
      socket.write(piece);
      await new Promise(setImmediate);
    }
    socket.end();
    expect((await heardBy(client)).equals(Buffer.concat(said))).toBe(true);
  });
});
