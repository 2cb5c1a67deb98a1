/** LEASE, FILL and RELEASE on a real Redis: what they answer and what they leave behind. */
import { describe, expect } from 'vitest';
import { MARK_MS, test } from './scripts.ts';

describe('fill leases', () => {
  test('one is granted with the clock, the next is denied and counted; FILL stores and tells who waits', async ({
    redis,
    scripts,
  }) => {
    await scripts.invalidate(['x']);
    expect(await scripts.lease('k', 'a')).toEqual(['GRANTED', 1]);
    expect(await scripts.lease('k', 'b')).toEqual(['LEASE', 1]);
    const left = await redis.pttl(scripts.names.key('k'));
    expect(left).toBeGreaterThan(0);
    const heard = await scripts.listen();
    expect((await scripts.fill('k', 'a', 1, ['t']))[0]).toBe('STORED');
    await expect.poll(() => heard.messages).toEqual(['F "k"']);
    heard.end();
    expect(await redis.get(scripts.names.key('k'))).toMatch(
      new RegExp(`^V ${scripts.epoch} 1 \\d+ \\d+ 0 \\["t"\\]\\n"value"$`),
    );
    expect(await redis.pttl(scripts.names.key('k'))).toBeGreaterThan(0);
    const denied = await scripts.lease('k', 'c');
    expect(denied.slice(0, 2)).toEqual(['VALUE', 1]);
  });

  test('nobody is told when nobody waits', async ({ scripts }) => {
    const heard = await scripts.listen();
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', 0);
    await scripts.invalidate(['end']);
    await expect.poll(() => heard.messages.length).toBe(1);
    expect(heard.messages[0]).toContain('"end"');
    heard.end();
  });

  test('a zombie’s fill is refused: after an invalidation, and under the next one’s lease', async ({ scripts }) => {
    await scripts.lease('k', 'a');
    await scripts.invalidate(['k']);
    expect((await scripts.fill('k', 'a', 0)).slice(0, 2)).toEqual(['REFUSED', 1]);
    await scripts.lease('k', 'b');
    expect((await scripts.fill('k', 'a', 0))[0]).toBe('REFUSED');
    expect((await scripts.fill('k', 'b', 1))[0]).toBe('STORED');
  });

  test('a release frees the key and tells who waits; another’s token frees nothing', async ({ redis, scripts }) => {
    await scripts.lease('k', 'a');
    await scripts.lease('k', 'b');
    const heard = await scripts.listen();
    expect(await scripts.release('k', 'b')).toEqual(['OK', 0]);
    expect(await redis.exists(scripts.names.key('k'))).toBe(1);
    await scripts.release('k', 'a');
    expect(await redis.exists(scripts.names.key('k'))).toBe(0);
    await expect.poll(() => heard.messages).toEqual(['F "k"']);
    heard.end();
  });

  test('none is granted in the quarantine of a young epoch', async ({ redis, scripts }) => {
    expect(await scripts.lease('k', 'a', 500)).toEqual(['QUARANTINE', 0]);
    await redis.hincrby(scripts.names.meta, 'since', -(MARK_MS + 501));
    expect(await scripts.lease('k', 'a', 500)).toEqual(['GRANTED', 0]);
  });

  test('a value of another epoch is refused, unless that epoch is blessed', async ({ redis, scripts }) => {
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', 0);
    const old = scripts.epoch;
    await scripts.endEpoch();
    expect((await scripts.read('k'))[0]).toBe('REFUSED');
    await scripts.endQuarantine();
    expect((await scripts.bless(old))[0]).toBe('OK');
    expect((await scripts.read('k'))[0]).toBe('VALUE');
    await redis.hdel(scripts.names.meta, 'blessed');
    expect((await scripts.lease('k', 'b'))[0]).toBe('GRANTED');
  });

  test('one of another epoch is nothing: not waited for, not filled, not released, and granted over', async ({
    redis,
    scripts,
  }) => {
    await scripts.lease('k', 'a');
    const name = scripts.names.key('k');
    expect(await redis.get(name)).toBe(`L ${scripts.epoch} a 0`);
    await scripts.endEpoch();
    expect((await scripts.read('k'))[0]).toBe('NONE');
    expect((await scripts.fill('k', 'a', 0))[0]).toBe('REFUSED');
    const before = await redis.get(name);
    await scripts.release('k', 'a');
    expect(await scripts.lease('k', 'b', 500)).toEqual(['QUARANTINE', 0]);
    expect(await redis.get(name)).toBe(before);
    expect(await scripts.lease('k', 'b')).toEqual(['GRANTED', 0]);
    expect((await scripts.fill('k', 'b', 0))[0]).toBe('STORED');
  });
});

test('a full Redis invalidates, marks, beats and proves, and neither leases nor fills nor sets', async ({
  redis,
  scripts,
}) => {
  await scripts.lease('k', 'a');
  const [, before] = (await redis.config('GET', 'maxmemory')) as [string, string];
  await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
  try {
    await expect(scripts.lease('l', 'b')).rejects.toThrow('OOM');
    await expect(scripts.fill('k', 'a', 0)).rejects.toThrow('OOM');
    await expect(scripts.set('k')).rejects.toThrow('OOM');
    expect((await scripts.read('k'))[0]).toBe('LEASE');
    expect((await scripts.mark(['k'], 'w', 100))[0]).toBe('OK');
    expect((await scripts.unmark(['k'], 'w', ['t']))[0]).toBe('OK');
    expect((await scripts.invalidate(['k']))[0]).toBe('OK');
    expect((await scripts.beat(0))[0]).toBe('BEAT');
    expect((await scripts.acks(1, 60_000))[0]).toBe('ACKS');
    expect((await scripts.probe())[0]).toBe('PROBE');
    expect((await scripts.prove(1))[0]).toBe('OK');
    expect((await scripts.bless('any'))[0]).toBe('REFUSED');
  } finally {
    await redis.config('SET', 'maxmemory', before, 'maxmemory-policy', 'volatile-lru');
  }
});
