/**
 * The door of a replica: who waits there, in what order they are served, and who is turned away. The loop is kept busy
 * by handlers that spin; clients write several requests at once on one connection, so that they arrive in one read.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { Door } from '../src/http/door.ts';
import { Listener } from '../src/http/listener.ts';
import { Patience } from '../src/http/patience.ts';
import { agent, ask, expectProblem } from './ask.ts';
import { WAIT } from './servers.ts';

const GET = 'GET /products HTTP/1.1\r\nHost: a\r\n\r\n';
/** What one request costs the loop, ms: more than comes can be done with a few dozen of them. */
const COST_MS = 5;
/** Requests of a crowd that come in a turn in which one is served, and its answers that may be out. */
const CROWD = 20;
const CROWD_MOST = 1_000;

const cleaning: (() => void)[] = [];

afterEach(() => {
  for (const clean of cleaning.splice(0)) clean();
});

async function open(handler: RequestListener, withDoor = true) {
  const door = new Door({ name: 'api-1', urgent: ['/readyz'] });
  const listener = new Listener({ name: 'api-1', handler, ...(withDoor ? { door } : {}) });
  const port = await listener.listen('127.0.0.1', 0);
  cleaning.push(() => void listener.close());
  return { door, port, url: `http://127.0.0.1:${port}` };
}

/** A connection that keeps what it is told. */
async function client(port: number) {
  const socket = connect(port, '127.0.0.1');
  const client = {
    socket,
    said: '',
    closed: false,
    /** Status lines, in order. */
    statuses: () => [...client.said.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)),
  };
  socket.setEncoding('utf8').on('data', (text: string) => {
    client.said += text;
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    client.closed = true;
  });
  cleaning.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return client;
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const costly = vi.fn((_: IncomingMessage, response: ServerResponse) => {
  spin(COST_MS);
  response.end('fine');
});

/** Requests that are served between two turns of the loop, at most, while so many arrive in one read. */
async function mostInOneTurn(requests: number, withDoor: boolean): Promise<number> {
  let inTurn = 0;
  let most = 0;
  const { port } = await open((_, response) => {
    inTurn++;
    most = Math.max(most, inTurn);
    spin(1);
    response.end('fine');
  }, withDoor);
  let timer = setTimeout(function turn() {
    inTurn = 0;
    timer = setTimeout(turn, 0);
  }, 0);
  cleaning.push(() => clearTimeout(timer));
  const one = await client(port);
  one.socket.write(GET.repeat(requests));
  await vi.waitFor(() => expect(one.statuses()).toHaveLength(requests), WAIT);
  return most;
}

test('what is due meanwhile waits for a slice of the requests, not for all of them', async () => {
  // 2 ms of requests that take 1 ms each.
  expect(await mostInOneTurn(40, true)).toBeLessThanOrEqual(2);
});

test('control, without the door: it waits for all that were read', async () => {
  expect(await mostInOneTurn(40, false)).toBe(40);
});

/** More requests than can be done, on one connection, until it is told to stop. */
async function crowd(port: number) {
  const one = await client(port);
  let written = 0;
  const more = () => {
    if (written - one.statuses().length < CROWD_MOST) {
      one.socket.write(GET.repeat(CROWD));
      written += CROWD;
    }
    timer = setTimeout(more, 1);
  };
  let timer = setTimeout(more, 0);
  const stop = () => clearTimeout(timer);
  cleaning.push(stop);
  /** Stops; resolves to all answers. */
  const answers = async () => {
    stop();
    await vi.waitFor(() => expect(one.statuses()).toHaveLength(written), WAIT);
    return one.statuses();
  };
  return { answers };
}

test('of more than can be done those who have waited too long are turned away, and nothing of theirs is begun', async () => {
  costly.mockClear();
  const { door, port, url } = await open(costly);
  const many = await crowd(port);
  await vi.waitFor(() => expect(door.shed).toBeGreaterThan(100), WAIT);
  const answers = await many.answers();
  const served = answers.filter((status) => status === 200).length;
  expect(costly).toHaveBeenCalledTimes(served);
  expect(door.shed).toBe(answers.length - served);
  // Nobody is, before it is known that this is no burst.
  expect(answers[0]).toBe(200);
  // Over at once with the requests that made it.
  expect((await ask(`${url}/products`)).status).toBe(200);
});

test('a burst is served, whole, for as long as it may take', async () => {
  const { door, port } = await open(costly);
  const one = await client(port);
  // So many that the last wait for more than the interval after which others would be turned away, and on a busy machine, where
  // each takes ten times as long, for less than who is part of a burst may wait.
  one.socket.write(GET.repeat(100));
  await vi.waitFor(() => expect(one.statuses()).toHaveLength(100), WAIT);
  expect(new Set(one.statuses())).toEqual(new Set([200]));
  expect(door.shed).toBe(0);
});

test('who is turned away is told so in full, and may stay', async () => {
  const { door, port, url } = await open(costly);
  const many = await crowd(port);
  await vi.waitFor(() => expect(door.shed).toBeGreaterThan(0), WAIT);
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(`${url}/products`)));
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) {
    expectProblem(answer, 503, 'overloaded');
    expect([answer.headers['x-served-by'], answer.headers['cache-control']]).toEqual(['api-1', 'no-store']);
    expect(answer.headers.connection).toBe('keep-alive');
  }
  await many.answers();
  agent.destroy();
});

test('a connection whose body is still to come is closed, one whose body is there is not', async () => {
  const { door, port } = await open(costly);
  const many = await crowd(port);
  await vi.waitFor(() => expect(door.shed).toBeGreaterThan(0), WAIT);
  /** Posts until one is turned away. */
  const refused = async (body: string) => {
    for (;;) {
      const one = await client(port);
      one.socket.write(`POST /products HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n${body}`);
      await vi.waitFor(() => expect(one.statuses()).toHaveLength(1), WAIT);
      if (one.statuses()[0] === 503) return one;
    }
  };
  const [half, whole] = await Promise.all([refused('half'), refused('the rest')]);
  await vi.waitFor(() => expect(half.closed).toBe(true), WAIT);
  expect(half.said).toContain('\r\nConnection: close\r\n');
  await many.answers();
  whole.socket.write(GET);
  await vi.waitFor(() => expect(whole.statuses()).toEqual([503, 200]), WAIT);
});

/** The most requests under way at a time, of 300 that come at once and go on after they were begun. */
async function mostUnderWay(goesOn: (end: () => void) => void): Promise<number> {
  let underWay = 0;
  let most = 0;
  const { port } = await open((_, response) => {
    underWay++;
    most = Math.max(most, underWay);
    goesOn(() => {
      underWay--;
      response.end('fine');
    });
  });
  const one = await client(port);
  one.socket.write(GET.repeat(300));
  await vi.waitFor(() => expect(one.statuses()).toHaveLength(300), WAIT);
  return most;
}

test('what was begun is finished before more is begun than is soon done, while the loop is full of work', async () => {
  const work: (() => void)[] = [];
  const turn = () => {
    const end = work.shift();
    if (end !== undefined) {
      spin(1);
      end();
    }
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  cleaning.push(() => clearImmediate(timer));
  // The loop has had a pause before they came.
  expect(await mostUnderWay((end) => work.push(end))).toBeLessThanOrEqual(2 * 16);
});

test('who waits for something else keeps nobody out', async () => {
  const waiting: (() => void)[] = [];
  const most = await mostUnderWay((end) => {
    waiting.push(end);
    if (waiting.length === 300) for (const each of waiting) each();
  });
  expect(most).toBe(300);
});

test('one stall, however long, turns nobody away', async () => {
  let stalls = 1;
  const { door, port } = await open((_, response) => {
    if (stalls-- > 0) spin(1_000);
    response.end('fine');
  });
  const one = await client(port);
  one.socket.write(GET.repeat(50));
  await vi.waitFor(() => expect(one.statuses()).toHaveLength(50), WAIT);
  expect(new Set(one.statuses())).toEqual(new Set([200]));
  expect(door.shed).toBe(0);
});

/** Requests that are served until so many connections have been accepted, which came at once to a loop full of work. */
async function servedBeforeAccepted(connections: number, told: boolean): Promise<number> {
  costly.mockClear();
  // However slow the machine is, the loop does not run out of work.
  const patience = vi.spyOn(Patience.prototype, 'look').mockReturnValue(Number.POSITIVE_INFINITY);
  cleaning.push(() => patience.mockRestore());
  const { door, port } = await open(costly);
  const connected = vi.spyOn(door, 'connected');
  if (!told) connected.mockImplementation(() => undefined);
  const one = await client(port);
  one.socket.write(GET.repeat(40));
  await vi.waitFor(() => expect(door.waiting).toBeGreaterThan(30), { ...WAIT, interval: 1 });
  const before = costly.mock.calls.length;
  await Promise.all(Array.from({ length: connections }, () => client(port)));
  await vi.waitFor(() => expect(connected).toHaveBeenCalledTimes(connections + 1), { ...WAIT, interval: 1 });
  return costly.mock.calls.length - before;
}

test('connections that come to a busy loop are accepted soon', async () => {
  expect(await servedBeforeAccepted(20, true)).toBeLessThan(10);
});

test('control, not told of them: one for each turn', async () => {
  expect(await servedBeforeAccepted(20, false)).toBeGreaterThan(15);
});

test('health is answered past the line', async () => {
  const order: string[] = [];
  const { port } = await open((request, response) => {
    order.push(request.url ?? '');
    spin(COST_MS);
    response.end('fine');
  });
  const [one, two] = [await client(port), await client(port)];
  one.socket.write(GET.repeat(20));
  await vi.waitFor(() => expect(order).not.toEqual([]), { ...WAIT, interval: 1 });
  two.socket.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n');
  await vi.waitFor(() => expect(one.statuses()).toHaveLength(20), WAIT);
  await vi.waitFor(() => expect(two.statuses()).toEqual([200]), WAIT);
  expect(order.indexOf('/readyz')).toBeLessThan(19);
});

test('whose client has gone meanwhile is not served', async () => {
  const served: string[] = [];
  const { door, port } = await open((request, response) => {
    served.push(request.url ?? '');
    spin(COST_MS);
    response.end('fine');
  });
  const [one, two] = [await client(port), await client(port)];
  one.socket.write(GET.repeat(20));
  two.socket.write('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n');
  await vi.waitFor(() => expect(door.waiting).toBeGreaterThan(10), { ...WAIT, interval: 1 });
  two.socket.destroy();
  await vi.waitFor(() => expect(one.statuses()).toHaveLength(20), WAIT);
  await vi.waitFor(() => expect(door.waiting).toBe(0), WAIT);
  expect(served).not.toContain('/gone');
});
