/** Each script on a real Redis: what it answers and what it leaves behind, as its header and docs/PROTOCOL.md say. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MARK_MS, Scripts, startRedis } from './redis.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let scripts: Scripts;
let namespaces = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = server.client;
});

afterAll(() => server.stop());

beforeEach(async () => {
  scripts = new Scripts(redis, `ns${namespaces++}`);
  await scripts.attach();
});

const clockNow = async () => Number(await redis.hget(scripts.names.meta, 'clock'));

describe('the prologue', () => {
  test('a newcomer is told the epoch, and meta holds what the quarantine needs', async () => {
    const [is, epoch, clock, past, since, now] = await scripts.clock('');
    expect([is, epoch, clock, past]).toEqual(['EPOCH', scripts.epoch, 0, '']);
    expect(Number(now)).toBeGreaterThanOrEqual(Number(since));
    expect(await redis.hgetall(scripts.names.meta)).toMatchObject({ base: '0', longestMark: String(MARK_MS) });
  });

  test('a foreign epoch does nothing', async () => {
    await scripts.lease('k', 't');
    const before = await redis.get(scripts.names.key('k'));
    const own = scripts.epoch;
    scripts.epoch = 'foreign';
    for (const answer of [
      await scripts.invalidate(['k'], ['t']),
      await scripts.mark(['k'], 'w'),
      await scripts.unmark(['k'], 'w', ['t']),
      await scripts.fill('k', 't', 0),
      await scripts.release('k', 't'),
      await scripts.lease('other', 't'),
      await scripts.read('k'),
      await scripts.beat(0),
    ]) {
      expect(answer.slice(0, 3)).toEqual(['EPOCH', own, 0]);
    }
    expect(await redis.get(scripts.names.key('k'))).toBe(before);
    expect(await redis.exists(scripts.names.key('other'), scripts.names.journal, scripts.names.replicas)).toBe(0);
  });

  test('without meta: a new epoch, the clock from the journal, the caller’s epoch first in `past` [M5]', async () => {
    await scripts.invalidate(['k']);
    await scripts.invalidate(['k']);
    // Trimmed away, the entries still leave the id of the last one.
    await redis.xtrim(scripts.names.journal, 'MAXLEN', 0);
    await redis.del(scripts.names.meta);
    const [is, epoch, clock, past] = await scripts.clock();
    expect([is, clock, past]).toEqual(['EPOCH', 2, scripts.epoch]);
    expect(epoch).not.toBe(scripts.epoch);
  });

  test('a changed master_replid ends the epoch, keeps the clock, and takes a blessing back', async () => {
    await scripts.invalidate(['k']);
    await redis.hset(scripts.names.meta, { id: 'master_replid:0000', blessed: 'older' });
    const [is, epoch, clock, past] = await scripts.clock();
    expect([is, clock, past]).toEqual(['EPOCH', 1, scripts.epoch]);
    expect(epoch).not.toBe(scripts.epoch);
    expect(await redis.hmget(scripts.names.meta, 'base', 'blessed')).toEqual(['1', null]);
  });

  test('`past` keeps the last sixteen', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 18; i++) {
      seen.push(scripts.epoch);
      await redis.hset(scripts.names.meta, 'id', 'master_replid:0000');
      await scripts.attach();
    }
    expect(await redis.hget(scripts.names.meta, 'past')).toBe(seen.slice(-16).join(' '));
  });
});

describe('fill leases', () => {
  test('one is granted with the clock, the next is denied and counted; FILL stores and tells who waits', async () => {
    await scripts.invalidate(['x']);
    expect(await scripts.lease('k', 'a')).toEqual(['GRANTED', 1]);
    expect(await scripts.lease('k', 'b')).toEqual(['LEASE', 1]);
    const left = await redis.pttl(scripts.names.key('k'));
    expect(left).toBeGreaterThan(0);
    const heard = await listen();
    expect((await scripts.fill('k', 'a', 1, ['t']))[0]).toBe('STORED');
    await expect.poll(() => heard.messages).toEqual(['F "k"']);
    await heard.end();
    expect(await redis.get(scripts.names.key('k'))).toMatch(
      new RegExp(`^V ${scripts.epoch} 1 \\d+ \\d+ 0 \\["t"\\]\\n"value"$`),
    );
    expect(await redis.pttl(scripts.names.key('k'))).toBeGreaterThan(0);
    const denied = await scripts.lease('k', 'c');
    expect(denied.slice(0, 2)).toEqual(['VALUE', 1]);
  });

  test('nobody is told when nobody waits', async () => {
    const heard = await listen();
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', 0);
    await scripts.invalidate(['end']);
    await expect.poll(() => heard.messages.length).toBe(1);
    expect(heard.messages[0]).toContain('"end"');
    await heard.end();
  });

  test('a zombie’s fill is refused: after an invalidation, and under the next one’s lease', async () => {
    await scripts.lease('k', 'a');
    await scripts.invalidate(['k']);
    expect((await scripts.fill('k', 'a', 0)).slice(0, 2)).toEqual(['REFUSED', 1]);
    await scripts.lease('k', 'b');
    expect((await scripts.fill('k', 'a', 0))[0]).toBe('REFUSED');
    expect((await scripts.fill('k', 'b', 1))[0]).toBe('STORED');
  });

  test('a release frees the key and tells who waits; another’s token frees nothing', async () => {
    await scripts.lease('k', 'a');
    await scripts.lease('k', 'b');
    const heard = await listen();
    expect(await scripts.release('k', 'b')).toEqual(['OK', 0]);
    expect(await redis.exists(scripts.names.key('k'))).toBe(1);
    await scripts.release('k', 'a');
    expect(await redis.exists(scripts.names.key('k'))).toBe(0);
    await expect.poll(() => heard.messages).toEqual(['F "k"']);
    await heard.end();
  });

  test('none is granted in the quarantine of a young epoch', async () => {
    expect(await scripts.lease('k', 'a', 500)).toEqual(['QUARANTINE', 0]);
    await redis.hincrby(scripts.names.meta, 'since', -(MARK_MS + 501));
    expect(await scripts.lease('k', 'a', 500)).toEqual(['GRANTED', 0]);
  });

  test('a value of another epoch is refused, unless that epoch is blessed', async () => {
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', 0);
    const old = scripts.epoch;
    await redis.hset(scripts.names.meta, 'id', 'master_replid:0000');
    await scripts.attach();
    expect((await scripts.read('k'))[0]).toBe('REFUSED');
    await redis.hset(scripts.names.meta, 'blessed', old);
    expect((await scripts.read('k'))[0]).toBe('VALUE');
    await redis.hdel(scripts.names.meta, 'blessed');
    expect((await scripts.lease('k', 'b'))[0]).toBe('GRANTED');
  });
});

describe('marks', () => {
  const writers = async () => {
    const text = (await redis.get(scripts.names.key('k'))) ?? '';
    return text
      .split(' ')
      .slice(1)
      .map((word) => word.split(':')[0]);
  };

  test('a mark takes the place of a value, has no TTL, and nothing is leased or filled under it', async () => {
    await scripts.lease('k', 'a');
    expect((await scripts.mark(['k'], 'w')).slice(0, 2)).toEqual(['OK', 1]);
    expect(await redis.pttl(scripts.names.key('k'))).toBe(-1);
    expect((await scripts.fill('k', 'a', 0))[0]).toBe('REFUSED');
    expect(await scripts.lease('k', 'b')).toEqual(['MARK', 1]);
    const [is, , , left] = await scripts.read('k');
    expect(is).toBe('MARK');
    expect(Number(left)).toBeGreaterThan(0);
    await scripts.invalidate(['k']);
    expect(await writers()).toEqual(['w']);
  });

  test('writers join; the last one frees the key; a later one shortens nobody’s deadline', async () => {
    await scripts.mark(['k'], 'w1', 3_000);
    const before = await redis.get(scripts.names.key('k'));
    await scripts.mark(['k'], 'w2', 2_000);
    expect(await redis.get(scripts.names.key('k'))).toContain(String(before).slice(2));
    expect((await scripts.unmark(['k'], 'w2')).at(-1)).toBe(0);
    expect(await writers()).toEqual(['w1']);
    const clock = await clockNow();
    await scripts.unmark(['k'], 'w1');
    expect(await redis.exists(scripts.names.key('k'), scripts.names.marks)).toBe(0);
    expect(await clockNow()).toBe(clock);
  });

  test('a mark that is longer than the longest is refused, and marks nothing', async () => {
    expect(await scripts.mark(['k'], 'w', MARK_MS + 1)).toEqual(['TOO_LONG', 0, MARK_MS]);
    expect(await redis.exists(scripts.names.key('k'))).toBe(0);
  });

  test('a dead writer is dropped by whoever meets the mark, a live one beside it stays', async () => {
    await redis.set(scripts.names.key('k'), `M dead:1 live:${Date.now() + 60_000}`);
    expect((await scripts.read('k'))[0]).toBe('MARK');
    expect(await writers()).toEqual(['live']);
    await redis.set(scripts.names.key('k'), 'M dead:1');
    expect(await scripts.lease('k', 'a')).toEqual(['GRANTED', 0]);
  });

  test('UNMARK without its mark invalidates instead, and spares the mark of another', async () => {
    await scripts.mark(['k', 'l'], 'w');
    await redis.del(scripts.names.key('k'));
    await scripts.lease('k', 'a');
    const [is, clock, , lost] = await scripts.unmark(['k', 'l'], 'w', ['t']);
    expect([is, clock, lost]).toEqual(['OK', 2, 1]);
    expect((await scripts.fill('k', 'a', 1))[0]).toBe('REFUSED');
    expect((await redis.xrevrange(scripts.names.journal, '+', '-', 'COUNT', 1))[0]?.[1][1]).toBe('[["k"],["t"]]');
    await scripts.mark(['k'], 'other');
    await scripts.unmark(['k'], 'w');
    expect(await writers()).toEqual(['other']);
  });

  test('BEAT drops the marks that are due, also those whose key is gone', async () => {
    await redis.set(scripts.names.key('k'), 'M dead:1');
    await redis.zadd(scripts.names.marks, 1, scripts.names.key('k'), 1, scripts.names.key('gone'));
    await scripts.beat(0);
    expect(await redis.exists(scripts.names.key('k'), scripts.names.marks)).toBe(0);
  });
});

describe('tags and the journal', () => {
  const stored = async (tags: string[], f?: number) => {
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', f ?? (await clockNow()), tags);
  };

  test('a value is refused once a tag of it was invalidated, and LEASE is granted over it', async () => {
    await stored(['t', 'u']);
    await scripts.invalidate([], ['other']);
    expect((await scripts.read('k'))[0]).toBe('VALUE');
    await scripts.invalidate([], ['u']);
    expect((await scripts.read('k')).slice(0, 2)).toEqual(['REFUSED', 2]);
    expect(await scripts.lease('k', 'b')).toEqual(['GRANTED', 2]);
  });

  test('old tags are swept, sixteen at a time, and raise the floor, under which values with tags are refused', async () => {
    await stored(['t'], 0);
    for (let i = 0; i < 20; i++) await scripts.invalidate([], [`old${i}`]);
    for (let i = 0; i < 20; i++) await redis.zadd(scripts.names.tagTimes, i, `old${i}`);
    await scripts.beat(0);
    expect(await redis.hlen(scripts.names.tags)).toBe(4);
    expect(await redis.hget(scripts.names.meta, 'floor')).toBe('16');
    expect((await scripts.read('k'))[0]).toBe('REFUSED');
  });

  test('the journal is trimmed exactly; a beat from before its beginning is told so, the next one is not', async () => {
    scripts.journal = 4;
    for (let i = 0; i < 10; i++) await scripts.invalidate([`k${i}`]);
    expect(await redis.xlen(scripts.names.journal)).toBe(4);
    expect((await scripts.beat(5)).at(-1)).toBe('TRIMMED');
    expect(idsOf(await scripts.beat(6))).toEqual(['7-0', '8-0', '9-0']);
    expect(idsOf(await scripts.beat(9))).toEqual(['10-0']);
    expect(idsOf(await scripts.beat(10))).toEqual([]);
  });

  test('what is invalidated is on the bus, with its clock', async () => {
    const heard = await listen();
    await scripts.invalidate(['k'], ['t']);
    await expect.poll(() => heard.messages.length).toBe(1);
    expect(heard.messages[0]).toMatch(new RegExp(`^I ${scripts.epoch} 1 \\d+ \\[\\["k"\\],\\["t"\\]\\]$`));
    await heard.end();
  });
});

describe('beats and epochs', () => {
  test('a row for every start; old ones are removed after a while', async () => {
    await scripts.beat(0, { name: 'gone' });
    expect(await redis.hget(scripts.names.replicas, 'gone.start')).toMatch(
      new RegExp(`^${scripts.epoch} 0 \\d+ gone host$`),
    );
    await redis.hset(scripts.names.replicas, 'gone.start', `${scripts.epoch} 0 1 gone host`);
    for (let i = 0; i < 16; i++) await scripts.beat(0);
    expect(await redis.hkeys(scripts.names.replicas)).toEqual(['api-1.start']);
  });

  test('RENEW replaces the epoch that was offered, once; the caller’s own stands before it in `past`', async () => {
    const offered = scripts.epoch;
    const [is, epoch, , past] = await scripts.renew(offered, 'own');
    expect([is, past]).toEqual(['EPOCH', `own ${offered}`]);
    expect(epoch).not.toBe(offered);
    expect((await scripts.renew(offered, 'other')).slice(0, 2)).toEqual(['EPOCH', epoch]);
    expect((await scripts.renew(String(epoch), String(epoch)))[3]).toBe(`own ${offered} ${epoch}`);
  });
});

test('a full Redis invalidates, marks and beats, and neither leases nor fills', async () => {
  await scripts.lease('k', 'a');
  const [, before] = (await redis.config('GET', 'maxmemory')) as [string, string];
  await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
  try {
    await expect(scripts.lease('l', 'b')).rejects.toThrow('OOM');
    await expect(scripts.fill('k', 'a', 0)).rejects.toThrow('OOM');
    expect((await scripts.read('k'))[0]).toBe('LEASE');
    expect((await scripts.mark(['k'], 'w', 100))[0]).toBe('OK');
    expect((await scripts.unmark(['k'], 'w', ['t']))[0]).toBe('OK');
    expect((await scripts.invalidate(['k']))[0]).toBe('OK');
    expect((await scripts.beat(0))[0]).toBe('BEAT');
  } finally {
    await redis.config('SET', 'maxmemory', before, 'maxmemory-policy', 'volatile-lru');
  }
});

function idsOf(answer: unknown[]): string[] {
  return (answer.at(-1) as [string, string[]][]).map(([id]) => id);
}

/** What is published from here on. */
async function listen(): Promise<{ messages: string[]; end: () => Promise<void> }> {
  const messages: string[] = [];
  const subscriber = redis.duplicate();
  subscriber.on('message', (_channel, text) => messages.push(text));
  await subscriber.subscribe(scripts.names.bus);
  return {
    messages,
    end: async () => {
      subscriber.disconnect();
    },
  };
}
