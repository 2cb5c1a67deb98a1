/** That a listener who does not read costs a bounded buffer, and nobody else anything. */
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { Listener } from '../src/http/listener.ts';
import { EventStream } from '../src/internal/event-stream.ts';
import { WAIT } from './servers.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const TEXT = 'x'.repeat(256 << 10);

test('one who does not read is cut off; one who does hears everything', async () => {
  const stream = new EventStream('api-1', () => ({}));
  const served = vi.fn();
  const listener = new Listener({ name: 'api-1', handler: (_, response) => stream.add(response), served });
  const port = await listener.listen('127.0.0.1', 0);
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST));
    socket.on('error', () => undefined);
    await once(socket, 'readable');
    return socket;
  };
  const [idle, reading] = [await open(), await open()];
  let heard = '';
  reading.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
  });
  let told = 0;
  const complete = () => heard.split(TEXT).length - 1 === told;
  try {
    expect(channel('lockstep:applied').hasSubscribers).toBe(true);
    // The kernel takes some megabytes; what comes then waits in this process.
    while (served.mock.calls.length === 0 && told < 200) {
      stream.tell('state', { told: told++, text: TEXT });
      await vi.waitFor(() => expect(complete()).toBe(true), { ...WAIT, interval: 1 });
    }
    expect(served).toHaveBeenCalledTimes(1);
    stream.tell('state', { told: told++, text: TEXT });
    await vi.waitFor(() => expect(complete()).toBe(true), { ...WAIT, interval: 1 });
    expect(reading.destroyed).toBe(false);
  } finally {
    idle.destroy();
    reading.destroy();
    stream.close();
    await listener.close();
  }
  expect(channel('lockstep:applied').hasSubscribers).toBe(false);
});
