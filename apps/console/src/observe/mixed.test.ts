/** What is judged while replicas speak two protocols, which is nothing: they are made up, and say what they speak. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeServer } from '../http/server.ts';
import type { Protocol } from '../shared/state.ts';
import { Observer } from './observer.ts';

const NOWHERE = { url: 'http://127.0.0.1:9', databaseUrl: 'postgres://127.0.0.1:9/none' };
const NOT_JUDGED = 'not judged while the replicas change their protocol';

/** What a replica says of itself, and nothing else; it can fall silent. */
class Speaker {
  speaks: Protocol | null = 'guarded';
  readonly #server: Server = createServer((request, response) => {
    if (request.url !== '/internal/status' || this.speaks === null) response.destroy();
    else response.end(JSON.stringify({ protocol: this.speaks, state: 'ready', trust: { boundMs: 1_000 } }));
  });

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get internal(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }
}

let one: Speaker;
let other: Speaker;
let observer: Observer;
/** What a launcher would say of the whole; null where there is none. */
let told: Protocol | null;

beforeEach(async () => {
  [one, other] = [new Speaker(), new Speaker()];
  await Promise.all([one.listen(), other.listen()]);
  told = null;
  const rest = { ids: [1], pinnedIds: [1], canaryId: 2, canaryValue: null };
  observer = new Observer({
    ...NOWHERE,
    ...rest,
    discovery: async () => ({
      replicas: [one, other].map(({ internal }, i) => ({ name: `api-${i + 1}`, url: null, internal, state: null })),
      ...{ protocol: told, boundMs: null, redisUp: null, postgresUp: null, nginxUp: null },
    }),
  });
  await look();
});

afterEach(async () => {
  observer.site.close();
  await Promise.all([one.close(), other.close()]);
});

/** Looks who is there, and what they speak by now. */
async function look(): Promise<void> {
  await observer.site.refresh();
  await observer.site.ask();
}

const isJudged = () => !observer.verdict.view().words.includes(NOT_JUDGED);

test('what the replicas speak is heard of them, where nobody else says it', async () => {
  expect([observer.site.protocol, isJudged()]).toEqual(['guarded', true]);
  [one.speaks, other.speaks] = ['naive', 'naive'];
  await look();
  expect([observer.site.protocol, isJudged()]).toEqual(['naive', true]);
});

test('while they speak two nothing is judged, and the verdict begins anew when they agree', async () => {
  other.speaks = 'naive';
  await look();
  expect([observer.site.protocol, observer.site.mixed, isJudged()]).toEqual(['guarded', true, false]);
  one.speaks = 'naive';
  await look();
  expect([observer.site.protocol, observer.site.mixed, isJudged()]).toEqual(['naive', false, true]);
});

test('one that does not answer speaks nothing', async () => {
  other.speaks = null;
  await look();
  expect([observer.site.mixed, isJudged()]).toEqual([false, true]);
});

test('a change that failed half-way leaves nothing to be judged until it is done, or undone', async () => {
  const change = Promise.withResolvers<never>();
  const changing = observer.whileMixed(change.promise);
  told = 'naive';
  other.speaks = 'naive';
  await look();
  change.reject(new Error('api-1 does not start'));
  await expect(changing).rejects.toThrow('api-1 does not start');
  expect([observer.changing, isJudged()]).toEqual([false, false]);
  // Nor does it count that the launcher wants another one by now.
  told = 'guarded';
  await look();
  expect([observer.site.protocol, isJudged()]).toEqual(['guarded', false]);
  other.speaks = 'guarded';
  await look();
  expect(isJudged()).toBe(true);
});

test('a change that all have made is judged from its end, though nobody has looked since', async () => {
  const change = Promise.withResolvers<void>();
  const changing = observer.whileMixed(change.promise);
  other.speaks = 'naive';
  await look();
  one.speaks = 'naive';
  change.resolve();
  await changing;
  expect([observer.site.mixed, isJudged()]).toEqual([false, true]);
});
