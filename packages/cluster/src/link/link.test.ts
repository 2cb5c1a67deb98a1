/**
 * A link between a client and an echo: what each fault does to connections that are there and to new ones.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ports, takePorts } from '../processes/ports.ts';
import type { Fault } from './fault.ts';
import { createLink, type Link } from './link.ts';
import { linkTo, WAYS } from './testing/link-to.ts';

/** Ours also while the link is down: any other port might be given to somebody else then, who would answer for it. */
let ports: Ports;
let folder: string;
let echo: Server;
let link: Link;
const sockets = new Set<Socket>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-link-'));
  ports = await takePorts();
});

afterAll(async () => {
  await ports.release();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await link.close();
  await new Promise((resolve) => echo.close(resolve));
});

/** A client with everything it has heard, and how it ended. */
class Client {
  readonly socket: Socket;
  heard = '';
  readonly ended: Promise<string>;

  constructor(port = link.port) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.add(this.socket);
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.heard += text;
    });
    this.ended = new Promise((resolve) => {
      this.socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      this.socket.on('end', () => resolve('end'));
    });
  }

  say(text: string): this {
    this.socket.write(text);
    return this;
  }

  async hears(text: string): Promise<void> {
    await expect.poll(() => this.heard).toBe(text);
  }
}

describe.each(WAYS)('to a %s', (way) => {
  beforeEach(async () => {
    link = await linkTo(echo, way, folder, ports.spare);
  });

  test('the URL is the target’s, with the port of the link', () => {
    expect(link.url).toBe(`redis://default:secret@127.0.0.1:${link.port}/0`);
  });

  test('it forwards both ways from the start', async () => {
    await new Client().say('hello').hears('hello');
  });

  test('an end is passed on as an end, and the answer still comes', async () => {
    const client = new Client().say('last words');
    client.socket.end();
    expect(await client.ended).toBe('end');
    expect(client.heard).toBe('last words');
    await expect.poll(() => link.connections).toBe(0);
  });

  test('a target that is not there shows as a reset', async () => {
    // Port 1 is nobody's. One that was ours a moment ago may be anybody's now: listened on, it would take our bytes.
    const leading = await createLink({ target: 'redis://127.0.0.1:1' });
    expect(await new Client(leading.port).ended).toBe('ECONNRESET');
    await leading.close();
  });

  describe('down', () => {
    test('refuses new connections and resets the present ones', async () => {
      const client = new Client().say('a');
      await client.hears('a');
      await link.fail({ kind: 'down' });
      expect(await client.ended).toBe('ECONNRESET');
      expect(await new Client().ended).toBe('ECONNREFUSED');
      expect(link.connections).toBe(0);
    });

    test('heals on the same port', async () => {
      const port = link.port;
      await link.fail({ kind: 'down' });
      await link.heal();
      expect(link.port).toBe(port);
      await new Client(port).say('back').hears('back');
    });

    test('may be said twice', async () => {
      await link.fail({ kind: 'down' });
      await link.fail({ kind: 'down' });
      expect(await new Client().ended).toBe('ECONNREFUSED');
    });
  });

  describe('blackhole', () => {
    test('forwards nothing, keeps both ends open, and delivers what it held when it heals', async () => {
      const client = new Client().say('1');
      await client.hears('1');
      await link.fail({ kind: 'blackhole' });
      client.say('2').say('3');
      // A second connection is the probe: it is accepted, so the link has run; and it is as silent.
      const other = new Client().say('x');
      await once(other.socket, 'connect');
      await expect.poll(() => link.connections).toBe(2);
      expect(client.heard).toBe('1');
      expect(client.socket.destroyed).toBe(false);
      await link.heal();
      await client.hears('123');
      await other.hears('x');
    });

    test('hides that the target has closed', async () => {
      const client = new Client().say('1');
      await client.hears('1');
      await link.fail({ kind: 'blackhole' });
      for (const socket of sockets) if (socket !== client.socket) socket.end('bye');
      const other = new Client();
      await once(other.socket, 'connect');
      expect(client.socket.readableEnded).toBe(false);
      await link.heal();
      await client.hears('1bye');
      expect(await client.ended).toBe('end');
    });
  });

  describe('latency', () => {
    test('delays each way and keeps the order', async () => {
      await link.fail({ kind: 'latency', ms: 30 });
      const client = new Client();
      await once(client.socket, 'connect');
      const since = performance.now();
      for (let i = 0; i < 100; i++) client.say(`${i},`);
      await client.hears(Array.from({ length: 100 }, (_, i) => `${i},`).join(''));
      // 30 ms there and 30 ms back; timers may be early by a fraction of a millisecond.
      expect(performance.now() - since).toBeGreaterThan(58);
    });

    test('an end waits behind what was sent before it', async () => {
      await link.fail({ kind: 'latency', ms: 20 });
      const client = new Client().say('all of it');
      client.socket.end();
      expect(await client.ended).toBe('end');
      expect(client.heard).toBe('all of it');
    });

    test('healing delivers at once, in order', async () => {
      await link.fail({ kind: 'latency', ms: 3_600_000 });
      const client = new Client().say('a');
      await expect.poll(() => link.connections).toBe(1);
      await link.heal();
      await client.say('b').hears('ab');
    });
  });

  describe('jitter', () => {
    test('delays each piece by another time, and keeps the order', async () => {
      // Of the first piece there, of the second there, and of what comes back.
      const draws = [0.9, 0];
      const jittery = await createLink({ target: link.url, random: () => draws.shift() ?? 0 });
      await jittery.fail({ kind: 'jitter', ms: 100 });
      const client = new Client(jittery.port);
      await once(client.socket, 'connect');
      const since = performance.now();
      client.say('first ');
      // Sent when the first has left, so that it is a piece of its own; it is drawn no delay, and still comes after it.
      await expect.poll(() => draws.length).toBe(1);
      client.say('second');
      await client.hears('first second');
      expect(performance.now() - since).toBeGreaterThan(88);
      await jittery.close();
    });
  });

  describe('reset', () => {
    test('resets what is there, and accepts and resets what is new', async () => {
      const client = new Client().say('a');
      await client.hears('a');
      await link.fail({ kind: 'reset' });
      expect(await client.ended).toBe('ECONNRESET');
      const other = new Client();
      // Accepted: refused would be ECONNREFUSED.
      expect(await other.ended).toBe('ECONNRESET');
      expect(link.connections).toBe(0);
      await link.heal();
      await new Client().say('b').hears('b');
    });
  });

  describe('limit', () => {
    test('lets through so many bytes a second each way, whole and in order', async () => {
      await link.fail({ kind: 'limit', bytesPerSecond: 20_000 });
      const client = new Client();
      await once(client.socket, 'connect');
      const text = Array.from({ length: 1_000 }, (_, i) => String(i).padStart(9)).join(' ');
      const since = performance.now();
      await client.say(text).hears(text);
      // 10,000 bytes take half a second each way, at the same time but for the first slice.
      expect(performance.now() - since).toBeGreaterThan(450);
    });

    test('healing delivers the rest at once', async () => {
      await link.fail({ kind: 'limit', bytesPerSecond: 1 });
      const client = new Client().say('much more than a byte');
      await expect.poll(() => link.connections).toBe(1);
      await link.heal();
      await client.hears('much more than a byte');
    });
  });

  test.each([
    [{ kind: 'latency', ms: -1 }, 'the latency of a link is -1; it is milliseconds from 0 to 3600000'],
    [{ kind: 'jitter' }, 'the jitter of a link is undefined; it is milliseconds from 0 to 3600000'],
    [{ kind: 'limit', bytesPerSecond: 0 }, 'the limit of a link is 0; it is bytes/s from 1 to 1000000000'],
    [{ kind: 'lose', share: 1.1 }, 'what a link loses is 1.1; it is a share of the messages from 0 to 1'],
    [{ kind: 'dance' }, 'a link has no fault "dance"; there is down, reset, blackhole, latency, jitter, limit or lose'],
  ])('refuses %j', async (fault, problem) => {
    await expect(link.fail(fault as Fault)).rejects.toThrow(problem);
    expect(link.fault).toBeNull();
  });

  test('changes that overlap are made one after the other: the last counts', async () => {
    await link.fail({ kind: 'down' });
    await Promise.all([link.heal(), link.fail({ kind: 'down' })]);
    expect(await new Client().ended).toBe('ECONNREFUSED');
    await Promise.all([link.fail({ kind: 'down' }), link.heal()]);
    await new Client().say('still there').hears('still there');
  });

  test('a closed link stays closed, whoever heals it late', async () => {
    await link.close();
    await link.heal();
    expect(await new Client().ended).toBe('ECONNREFUSED');
  });

  test('cut resets what is there, once; new connections are served', async () => {
    const clients = [new Client().say('a'), new Client().say('b')];
    await Promise.all([clients[0]?.hears('a'), clients[1]?.hears('b')]);
    expect(link.cut()).toBe(2);
    expect(await Promise.all(clients.map((client) => client.ended))).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(link.cut()).toBe(0);
    await new Client().say('c').hears('c');
  });
});
