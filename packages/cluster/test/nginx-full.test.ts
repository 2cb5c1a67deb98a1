/** nginx when its replicas have as many requests as they may: who is told no, with what words, and who is not. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectProblem, type Got, get } from './http.ts';
import { type RunningProxy, startProxy, Upstream } from './proxy.ts';

/** `max_conns` of a replica. */
const MOST = 400;
/** It is the replicas that are full, not a time that is over: replicas and clients are one process, which may stand still. */
const PATIENT = { connectMs: 10_000, readMs: 120_000, retryMs: 240_000 };

let proxy: RunningProxy;
const upstreams: Upstream[] = [];
/** Ends the answers that are held. */
let held: (() => void)[] = [];

beforeEach(async () => {
  proxy = await startProxy(PATIENT);
});

afterEach(async () => {
  for (const upstream of upstreams.splice(0)) upstream.kill();
  held = [];
  await proxy.stop();
});

/** A replica that answers when it is told to. */
async function holding(slot: number): Promise<Upstream> {
  const upstream = await new Upstream((_, response) => held.push(() => response.end('late'))).listen(proxy.slots[slot]);
  upstreams.push(upstream);
  return upstream;
}

async function many(count: number): Promise<{ answers: Promise<Got[]> }> {
  const before = held.length;
  const answers = Promise.all(Array.from({ length: count }, (_, i) => get(`${proxy.url}/products/${i}`)));
  await expect.poll(() => held.length).toBe(before + count);
  return { answers };
}

test('whoever comes when a replica has what it may have is answered 503 at once, and the others in the end', async () => {
  const replica = await holding(0);
  const { answers } = await many(MOST);
  const write = await get(`${proxy.url}/`, { method: 'PATCH', body: '{}' });
  const reads = await Promise.all(Array.from({ length: 200 }, () => get(`${proxy.url}/`)));
  for (const refused of [write, ...reads]) {
    expectProblem(refused, 503, 'overloaded');
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
  }
  for (const end of held) end();
  expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([200]));
  expect(replica.heard).toHaveLength(MOST);
  expect((await fetchOne()).status).toBe(200);
});

test('a silent replica has no more of them: the others go on', async () => {
  const silent = await holding(0);
  const { answers } = await many(MOST);
  const living = new Upstream();
  upstreams.push(await living.listen(proxy.slots[1]));
  await expect.poll(async () => (await get(`${proxy.url}/`)).status, { interval: 10 }).toBe(200);
  const later = await Promise.all(Array.from({ length: 200 }, () => get(`${proxy.url}/`)));
  expect(new Set(later.map(({ status }) => status))).toEqual(new Set([200]));
  // By a time limit the others would answer them in the end as well: none of them was asked of it first.
  expect(silent.heard).toHaveLength(MOST);
  for (const end of held) end();
  await answers;
});

/** An answer of a replica that no longer holds them. */
async function fetchOne(): Promise<Got> {
  const before = held.length;
  const answer = get(`${proxy.url}/`);
  await expect.poll(() => held.length).toBe(before + 1);
  held.at(-1)?.();
  return answer;
}
