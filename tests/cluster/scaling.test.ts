/**
 * Nobody notices that replicas come and go: 3 -> 6 -> 2 and a rolling restart under reads and writes through nginx,
 * without a failed request, and every new replica serves.
 *
 * Control: the same load sees failures when a replica is ended without draining and nginx may not retry.
 */
import { type Cluster, startCluster } from '@lockstep/cluster';
import { pick, seeded } from '@lockstep/traffic/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../lib/client.ts';
import { Load } from '../lib/load.ts';
import { LONG_BOUND } from '../lib/long-bound.ts';

let cluster: Cluster;

beforeAll(async () => {
  // By the default of a second a write is refused, as it should be, when Redis or a replica stands still for so long.
  cluster = await startCluster(LONG_BOUND);
});

afterAll(() => cluster.stop());

/** Reads and writes of random products, by eight clients, at the URL that each of them is given. */
function load(urls: readonly string[]): Load {
  const random = seeded(7);
  return new Load(8, async (client) => {
    const url = `${urls[client % urls.length]}/products/${1 + Math.floor(random() * 200)}`;
    const write = random() < 0.2;
    return write
      ? ask(url, { method: 'PATCH', json: { stock: pick(random, [1, 2, 3, 4, 5]) } })
      : ask(url, { headers: { consistency: pick(random, ['bounded', 'strong']) } });
  });
}

test('3 -> 6 -> 2 under load, and nobody notices', async () => {
  const going = load([cluster.url]);
  await going.more(300);
  await cluster.scale(6);
  await going.until(({ by }) => by.size === 6);
  await cluster.scale(2);
  await going.more(300);
  const { failures, answered } = await going.end();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(600);
});

test('a rolling restart under load, and nobody notices', async () => {
  await cluster.scale(3);
  const going = load([cluster.url]);
  for (const name of ['api-1', 'api-2', 'api-3']) {
    await going.more(100);
    await cluster.restart(name);
  }
  const { failures } = await going.end();
  expect(failures).toEqual([]);
});

test('a replica that is killed costs reads and writes nothing: nginx asks another', async () => {
  const going = load([cluster.url]);
  await going.more(200);
  await cluster.restart('api-2', { kill: true });
  await going.more(200);
  const { failures } = await going.end();
  expect(failures).toEqual([]);
});

test('control: whoever asks a killed replica directly does notice', async () => {
  const { replicas } = await cluster.status();
  const going = load(replicas.map(({ url }) => url ?? ''));
  await going.more(200);
  await cluster.restart('api-2', { kill: true, downMs: 200 });
  const { failures } = await going.end();
  expect(failures.length).toBeGreaterThan(0);
});

test('a draining replica says so, closes its connections, and answers what was on its way', async () => {
  await cluster.scale(3);
  const { replicas } = await cluster.status();
  const third = replicas[2]?.url ?? '';
  const going = load([third]);
  await going.more(100);
  const scaled = cluster.scale(2);
  // Counted, not looked for: a moment later the listener is closed, and what comes last is a refusal.
  await going.until(({ closing }) => closing > 0);
  await scaled;
  const { failures } = await going.end();
  // From when it has stopped listening, connections are refused; none was broken off after it had been accepted.
  expect(failures.filter((failure) => !failure.includes('ECONNREFUSED'))).toEqual([]);
});
