import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from './event-source.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

let server: Server;
let answer: (socket: Socket) => void;

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

/** What is heard of a stream until it has ended. */
async function heardOf(bytes: readonly Buffer[], closing = new AbortController(), most = Infinity): Promise<unknown[]> {
  const heard: unknown[] = [];
  answer = async (socket) => {
    socket.setNoDelay(true);
    for (const part of bytes) await new Promise<void>((resolve) => socket.write(part, () => setImmediate(resolve)));
  };
  const { port } = server.address() as AddressInfo;
  await listen(`http://127.0.0.1:${port}/internal/events`, closing.signal, (name, data) => {
    if (heard.push([name, data]) === most) closing.abort();
  });
  return heard;
}

test.each([1, 7, 64, 1 << 16])('events come whole, whatever their bytes come in: %i at a time', async (size) => {
  const events = [
    'id: 1\nevent: applied\ndata: {"keys":["straße"]}\n\n',
    ': still here\n\n',
    'id: 2\nevent: trust\ndata: {"state":"trusted"}\n\ndata: {"n":3}\n\n',
    'data: not ours\n\n',
  ];
  const whole = Buffer.from(`${HEAD}${events.map(chunk).join('')}${chunk('data: {"n":')}${chunk('4}\n\n')}0\r\n\r\n`);
  const parts: Buffer[] = [];
  for (let at = 0; at < whole.length; at += size) parts.push(whole.subarray(at, at + size));
  expect(await heardOf(parts)).toEqual([
    ['applied', { keys: ['straße'] }],
    ['trust', { state: 'trusted' }],
    ['message', { n: 3 }],
    ['message', { n: 4 }],
  ]);
});

test('an answer that is no stream ends at once, as does one that nobody wants any more', async () => {
  expect(await heardOf([Buffer.from('HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n')])).toEqual([]);
  const open = [Buffer.from(HEAD + chunk('data: {"n":1}\n\n'))];
  expect(await heardOf(open, new AbortController(), 1)).toEqual([['message', { n: 1 }]]);
});
