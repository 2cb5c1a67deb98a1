/**
 * `npm start -- watch`: what it shows of a real cluster while replicas are read, written to, broken and added, and how
 * it ends.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../src/cluster.ts';
import { startCluster } from '../src/start-cluster.ts';
import { ClusterWatch } from '../src/watch/cluster-watch.ts';
import type { View } from '../src/watch/view.ts';
import { get } from './http.ts';
import { Terminal } from './launcher.ts';

const WAIT = { timeout: 60_000, interval: 20 };

describe('a real cluster', () => {
  let cluster: Cluster;
  let watched: ClusterWatch;
  let running: Promise<void>;
  const end = new AbortController();

  beforeAll(async () => {
    cluster = await startCluster({ replicas: 2 });
    watched = new ClusterWatch(cluster);
    running = watched.run(end.signal);
  });

  afterAll(async () => {
    end.abort();
    await running;
    await cluster.stop();
  });

  const seen = (look: (view: View) => unknown) =>
    expect.poll(() => {
      const view = watched.view();
      return view === null ? null : look(view);
    }, WAIT);
  const told = (text: string) => seen(({ events }) => events.some((event) => event.text.includes(text)));

  test('is shown as it is: replicas with their proof, tiers, invalidations with their lag', async () => {
    await seen(({ replicas }) => replicas.map(({ name, state, trust }) => [name, state, trust?.state])).toEqual([
      ['api-1', 'ready', 'trusted'],
      ['api-2', 'ready', 'trusted'],
    ]);
    const body = JSON.stringify({ priceCents: 1 });
    const headers = { 'content-type': 'application/json' };
    // Again and again, as the view is of the last seconds, and of what came after it began to listen.
    await expect
      .poll(async () => {
        expect((await get(`${cluster.url}/products/1`, { method: 'PATCH', headers, body })).status).toBe(200);
        for (let count = 0; count < 6; count++) await get(`${cluster.url}/products/1`);
        const view = watched.view();
        return {
          lags: view?.replicas.map(({ lag }) => lag !== null && lag.p50 < 5_000),
          l1: (view?.rates?.l1Hits ?? 0) > 0,
          invalidations: (view?.rates?.invalidationsApplied ?? 0) > 0,
        };
      }, WAIT)
      .toEqual({ lags: [true, true], l1: true, invalidations: true });
  });

  test('what happens is told: L1 emptied, a replica that comes, one that goes', async () => {
    const [first] = (await cluster.status()).replicas;
    expect((await get(`${first?.internal}/internal/l1/flush`, { method: 'POST' })).status).toBe(204);
    await told('L1 emptied: somebody asked for it').toBe(true);
    await cluster.scale(3);
    await told('joined the cluster').toBe(true);
    await seen(({ replicas }) => replicas[2]?.trust?.state).toBe('trusted');
    await cluster.scale(2);
    await told('left the cluster').toBe(true);
    await seen(({ replicas }) => replicas.length).toBe(2);
  });
});

describe('the command', () => {
  let terminal: Terminal;

  beforeEach(() => {
    terminal = new Terminal();
  });

  afterEach(() => terminal.close());

  test('without a terminal prints a line a second, in words or as JSON, and ends by itself, on a signal or with the cluster', async () => {
    expect(await terminal.run('watch', '--for', '1')).toMatchObject({ code: 3, stdout: '' });
    const { launched, status } = await terminal.start('--replicas', '1');
    const timed = await Promise.all([
      terminal.run('watch', '--for', '3'),
      terminal.run('watch', '--json', '--for', '3', '--cluster', status.url),
    ]);
    expect(timed.map(({ code }) => code)).toEqual([0, 0]);

    // What is shown is waited for here: in so few seconds a launcher or a replica that gets no time may not answer at all.
    const json = terminal.launch(['watch', '--json', '--cluster', status.url]);
    const words = terminal.launch(['watch']);
    await expect.poll(() => words.stdout, WAIT).toMatch(/^\d\d:\d\d:\d\d {2}1\/1 ready, 0 trusted {2}/m);
    // Not the first of them: it may come after the launcher's answer and before the replica's.
    const lines = () => json.stdout.split('\n').slice(0, -1);
    await expect
      .poll(() => lines().map((line) => JSON.parse(line) as View), WAIT)
      .toContainEqual(
        expect.objectContaining({
          url: status.url,
          replicas: [expect.objectContaining({ name: 'api-1', state: 'ready', trust: null })],
        }),
      );

    words.process.kill('SIGINT');
    expect((await words.ended).code).toBe(0);
    expect((await terminal.run('stop')).code).toBe(0);
    await launched.ended;
    const { code, stderr } = await json.ended;
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('has ended') });
  });
});
