/**
 * The load tests with the real k6: they hold on the guarded protocol, also with the bus of a replica cut, and are able
 * to fail: on the textbook cache behind the same fault, when nginx is away, and on something that is no catalogue.
 *
 * Without k6 on the PATH they are skipped, and say so; with REQUIRE_K6=1 in the environment that is a failure.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '@lockstep/cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { total } from '../../tests/lib/internals.ts';
import type { Scenario } from '../src/arguments.ts';
import { localK6 } from '../src/k6.ts';
import { type Result, runScenario } from '../src/run.ts';
import { clusterTarget, type Target } from '../src/target.ts';
import { describeResult } from '../src/words.ts';

const RATE = 150;
/** Six replicas that start on a small machine leave little for a load. */
const RATE_WHILE_SCALING = 50;
let folder = '';
const k6 = await localK6();
const required = process.env.REQUIRE_K6 === '1';
if (k6 === null) console.warn(`SKIPPED: there is no k6 on the PATH${required ? ', and REQUIRE_K6 asks for it' : ''}`);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadtest-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(scenario: Scenario, target: Target, durationS: number, rate = RATE): Promise<Result> {
  if (k6 === null) throw new Error('REQUIRE_K6=1, and there is no k6 on the PATH');
  const result = await runScenario({
    ...{ scenario, target, k6, durationS, rate, folder },
    say: () => undefined,
    signal: new AbortController().signal,
  });
  console.log(describeResult(result));
  return result;
}

describe.skipIf(k6 === null && !required)('each route', () => {
  let cluster: Cluster;
  let target: Target;
  beforeAll(async () => {
    // With a long bound: a replica that gets no time for as long as S says at `/readyz`, and rightly, that it is not ready.
    const env = { LOG_LEVEL: 'warn', CACHE_BEAT_MS: '250' };
    cluster = await startCluster({ replicas: 2, stalenessMs: 20_000, env, awaitQuarantine: false });
    target = await clusterTarget(cluster);
  });
  afterAll(() => cluster?.stop());

  test('smoke holds', async () => {
    const result = await run('smoke', target, 3);
    expect(result.reasons).toEqual([]);
    expect(result.figures.requests).toBeGreaterThan(0);
  });

  test('control: smoke fails on what is no catalogue', async () => {
    const [first] = (await cluster.status()).replicas;
    const { held, reasons } = await run('smoke', { ...target, url: first?.internal ?? '' }, 1);
    expect(held).toBe(false);
    expect(reasons.join()).toContain('expected GET /products: 200; saw 404');
  });
});

describe.skipIf(k6 === null && !required)('guarded', () => {
  let cluster: Cluster;
  let target: Target;
  beforeAll(async () => {
    cluster = await startCluster({ links: true, env: { LOG_LEVEL: 'warn' } });
    target = await clusterTarget(cluster);
  });
  afterAll(() => cluster?.stop());

  test('coherence holds although the bus of a replica is cut, and leaves no product behind', async () => {
    const link = cluster.link('api-2', 'bus');
    await link.fail({ kind: 'down' });
    const { reasons, judged, file } = await run('coherence', target, 6).finally(() => link.heal());
    expect(reasons).toEqual([]);
    expect(judged?.verdict.outcome).toBe('held');
    expect(judged?.verdict.levels.session.reads).toBeGreaterThan(0);
    const left = await fetch(`${cluster.url}/products?category=load-test`, { headers: { consistency: 'strong' } });
    expect(await left.json()).toMatchObject({ items: [] });
    const base = file.slice(file.lastIndexOf('/') + 1, -'.json'.length);
    expect(readdirSync(folder).filter((name) => name.startsWith(base))).toEqual([`${base}.json`, `${base}.ndjson`]);
  });

  test('scale holds: 3 -> 6 -> 2 without a failed request, and leaves as many replicas as it found', async () => {
    // As long as three replicas may take to start on a busy machine, and the new ones to be seen, in each third of it.
    const { reasons, scaling, figures } = await run('scale', target, 45, RATE_WHILE_SCALING);
    expect(reasons).toEqual([]);
    expect(figures.failed).toBe(0);
    expect(scaling?.map(({ replicas }) => replicas)).toEqual([6, 2]);
    expect(Object.keys(scaling?.[0]?.firstAnswersMs ?? {}).sort()).toEqual(['api-4', 'api-5', 'api-6']);
    expect((await cluster.status()).replicas).toHaveLength(3);
  });

  test('control: a load during which nginx is away has failed', async () => {
    const before = await total(await cluster.status(), 'gets');
    const running = run('steady', target, 5);
    await expect.poll(async () => total(await cluster.status(), 'gets')).toBeGreaterThan(before);
    await cluster.restart('nginx', { kill: true, downMs: 200 });
    expect((await running).reasons.join()).toContain('threshold failed: http_req_failed rate==0');
  });
});

describe.skipIf(k6 === null && !required)('control, textbook', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ links: true, protocol: 'naive', env: { LOG_LEVEL: 'warn' } });
  });
  afterAll(() => cluster?.stop());

  test('the bus of a replica is cut: coherence fails, for the sessions and for the judge', async () => {
    await cluster.link('api-2', 'bus').fail({ kind: 'down' });
    const { held, judged, figures } = await run('coherence', await clusterTarget(cluster), 6);
    expect(held).toBe(false);
    expect(judged?.counts.beyond_bound).toBeGreaterThan(0);
    // Which of its promises a session sees broken is chance; that it sees one in so many reads is not.
    expect(figures.thresholds.filter(({ ok }) => !ok)).not.toEqual([]);
  });
});
