/**
 * nginx with the cluster's configuration before replicas that misbehave: which requests are tried elsewhere and with
 * what key, and that clients notice nothing of replicas that come and go.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ProxyTimes } from '../src/processes/nginx.ts';
import { expectProblem, type Got, get } from './http.ts';
import { type Behaviour, type RunningProxy, startProxy, Upstream } from './proxy.ts';

let proxy: RunningProxy;
const upstreams: Upstream[] = [];

beforeEach(async () => {
  proxy = await startProxy();
});

afterEach(async () => {
  for (const upstream of upstreams.splice(0)) upstream.kill();
  await proxy.stop();
});

/** Puts upstreams with this behaviour into these slots. */
async function fill(behave: Behaviour | undefined, ...slots: number[]): Promise<Upstream[]> {
  const filled = await Promise.all(slots.map((slot) => new Upstream(behave).listen(proxy.slots[slot])));
  upstreams.push(...filled);
  return filled;
}

const DIES: Behaviour = (_, response) => response.socket?.resetAndDestroy();

describe('slots', () => {
  test('dead ones are passed over, and the living ones share the work', async () => {
    const living = await fill(undefined, 0, 7, 15);
    for (let i = 0; i < 300; i++) expect((await get(`${proxy.url}/products/${i}`)).status).toBe(200);
    const shares = living.map(({ heard }) => heard.length);
    expect(shares.reduce((sum, share) => sum + share)).toBe(300);
    for (const share of shares) expect(share).toBeGreaterThan(80);
  });

  test('one that comes to life is used, without a reload', async () => {
    await fill(undefined, 0);
    await get(`${proxy.url}/`);
    const [late] = await fill(undefined, 9);
    await expect
      .poll(async () => (await get(`${proxy.url}/`)) && late?.heard.length, { interval: 10 })
      .toBeGreaterThan(0);
  });
});

describe('a replica that dies in the middle of a request', () => {
  test('a read is answered by another', async () => {
    await fill(DIES, 0);
    await fill(undefined, 1);
    for (let i = 0; i < 4; i++) expect((await get(`${proxy.url}/`)).body).toBe('fine');
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('a %s is repeated at another, with the same key', async (method) => {
    const [dead] = await fill(DIES, 0);
    const [living] = await fill((heard, response) => response.end(heard.body), 1);
    // Round robin: the first two requests meet both, in whichever order.
    for (const body of ['one', 'two']) {
      const headers = { 'Content-Length': '3' };
      expect((await get(`${proxy.url}/`, { method, headers, body })).body).toBe(body);
    }
    const lost = dead?.heard[0];
    const again = living?.heard.find(({ body }) => body === lost?.body);
    expect(lost?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    expect(again?.headers['idempotency-key']).toBe(lost?.headers['idempotency-key']);
    const keys = living?.heard.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(2);
  });

  test('a client’s own key is the one that is used', async () => {
    const [dead] = await fill(DIES, 0);
    const [living] = await fill(undefined, 1);
    const headers = { 'Idempotency-Key': 'mine-1' };
    for (let i = 0; i < 2; i++) await get(`${proxy.url}/`, { method: 'POST', headers });
    expect(living?.heard).toHaveLength(2);
    // Once, or once more when the second request comes so late that the dead one is no longer passed over.
    expect(dead?.heard.length).toBeGreaterThan(0);
    const keys = [dead, living].flatMap((one) => one?.heard.map((heard) => heard.headers['idempotency-key']));
    expect(new Set(keys)).toEqual(new Set(['mine-1']));
  });

  test('a read gets no key', async () => {
    const [living] = await fill(undefined, 0);
    await get(`${proxy.url}/`);
    await get(`${proxy.url}/`, { method: 'HEAD' });
    expect(living?.heard.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined, undefined]);
  });

  test('a request that ends every replica is tried once on each, then refused', async () => {
    const all = await fill(DIES, ...proxy.slots.keys());
    expectProblem(await get(`${proxy.url}/`, { method: 'POST', body: 'poison' }), 502, 'bad_gateway');
    for (const { heard } of all) expect(heard.length).toBe(1);
  });
});

test('a 503 is an answer: it is passed on as it is, and nobody else is asked', async () => {
  const shed: Behaviour = (_, response) => response.writeHead(503, { 'Retry-After': '1' }).end('shed');
  const all = await fill(shed, 0, 1, 2);
  const got = await get(`${proxy.url}/`, { method: 'POST' });
  expect(got).toMatchObject({ status: 503, body: 'shed', headers: { 'retry-after': '1' } });
  expect(all.flatMap(({ heard }) => heard)).toHaveLength(1);
});

describe('replicas that do not answer', () => {
  async function restartProxy(times: ProxyTimes): Promise<void> {
    await proxy.stop();
    proxy = await startProxy(times);
  }

  test('the next is asked, also for a write', async () => {
    // The living one is in this process, and nginx beside others: neither may stall for so long that it counts as silent,
    // nor nginx for longer than is left for another try.
    await restartProxy({ connectMs: 2_000, readMs: 2_000, retryMs: 20_000 });
    const [silent] = await fill(() => undefined, 0);
    await fill(undefined, 1);
    for (const method of ['GET', 'POST']) {
      for (let i = 0; i < 2; i++) expect((await get(`${proxy.url}/`, { method })).body).toBe('fine');
    }
    expect(silent?.heard.length).toBeGreaterThan(0);
  });

  test('after a bounded number and time it is 504', async () => {
    await restartProxy({ connectMs: 200, readMs: 200, retryMs: 300 });
    const all = await fill(() => undefined, ...proxy.slots.keys());
    expectProblem(await get(`${proxy.url}/`, { method: 'POST' }), 504, 'gateway_timeout');
    expect(all.flatMap(({ heard }) => heard).length).toBeLessThanOrEqual(3);
  });
});

test('a body of 64 KiB is passed on whole and never touches the disk', async () => {
  const onDisk: string[] = [];
  const [living] = await fill((heard, response) => {
    const temporary = join(proxy.folder, 'nginx/temp');
    onDisk.push(
      ...readdirSync(temporary, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [entry.name] : [],
      ),
    );
    response.end(String(heard.body.length));
  }, 0);
  const body = 'x'.repeat(64 << 10);
  for (const headers of [{ 'Content-Length': String(body.length) }, { 'Transfer-Encoding': 'chunked' }]) {
    expect((await get(`${proxy.url}/`, { method: 'PUT', headers, body })).body).toBe(String(body.length));
  }
  expect(living?.heard).toHaveLength(2);
  expect(onDisk).toEqual([]);
});

test('a replica hears who asked, and the path as it was written', async () => {
  const [living] = await fill(undefined, 0);
  await get(`${proxy.url}/products?category=a%2Fb`, { headers: { Host: 'shop.example' } });
  expect(living?.heard[0]).toMatchObject({
    url: '/products?category=a%2Fb',
    headers: { host: 'shop.example', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' },
  });
  expect(living?.heard[0]?.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
});

test('each request is a line of JSON in the access log', async () => {
  await fill((_, response) => response.writeHead(200, { 'X-Served-By': 'api-1', 'X-Cache': 'L1' }).end(), 0);
  await get(`${proxy.url}/products/1`);
  // Not the last line: each worker keeps lines of its own for up to a second, and the other's, of the look whether nginx
  // is there, may come to the file later.
  const line = () => {
    const lines = readFileSync(join(proxy.folder, 'nginx-access.log'), 'utf8').split('\n');
    return lines.find((text) => text.includes('/products/1'));
  };
  await expect.poll(line).toBeDefined();
  expect(JSON.parse(line() ?? '')).toMatchObject({ method: 'GET', status: 200, by: 'api-1', tier: 'L1' });
});

test('nobody notices replicas that come, leave and die: no request fails, no write changes its key', async () => {
  const alive: Upstream[] = await fill(undefined, 0, 1, 2);
  const seen: Upstream[] = [...alive];
  const failed: Got[] = [];
  let asked = 0;
  let done = false;
  const client = async (method: string) => {
    while (!done) {
      const got = await get(`${proxy.url}/`, { method, body: method === 'GET' ? '' : String(asked++) });
      if (got.status !== 200) failed.push(got);
    }
  };
  const clients = ['GET', 'GET', 'POST', 'PATCH'].map((method) => client(method));
  for (let round = 0; round < 6; round++) {
    const [fresh] = await fill(undefined, 3 + round);
    if (fresh === undefined) throw new Error('one was asked for');
    const oldest = alive.shift();
    alive.push(fresh);
    seen.push(fresh);
    // The newcomer serves before the oldest goes, so that there are always two others to turn to.
    await expect.poll(() => fresh.heard.length, { interval: 5 }).toBeGreaterThan(5);
    if (round % 2 === 0) oldest?.leave();
    else oldest?.kill();
  }
  done = true;
  await Promise.all(clients);
  expect(failed).toEqual([]);
  const keys = new Map<string, Set<unknown>>();
  for (const { method, body, headers } of seen.flatMap(({ heard }) => heard)) {
    if (method === 'GET') continue;
    keys.set(body, (keys.get(body) ?? new Set()).add(headers['idempotency-key']));
  }
  expect(keys.size).toBe(asked);
  expect([...keys.values()].filter((set) => set.size !== 1)).toEqual([]);
});
