/** SET, PROBE, PROVE and BLESS on a real Redis: what they answer and what they leave behind. */
import { describe, expect } from 'vitest';
import { BEYOND_MS, MARK_MS, test } from './scripts.ts';

describe('SET', () => {
  test('stores at the clock of its own invalidation, which the bus carries; a lease there is void', async ({
    redis,
    scripts,
  }) => {
    await scripts.invalidate(['x']);
    await scripts.lease('k', 'a');
    const heard = await scripts.listen();
    expect((await scripts.set('k', ['t'])).slice(0, 2)).toEqual(['OK', 2]);
    expect(await redis.get(scripts.names.key('k'))).toMatch(
      new RegExp(`^V ${scripts.epoch} 2 \\d+ \\d+ 0 \\["t"\\]\\n"set"$`),
    );
    expect(await redis.pttl(scripts.names.key('k'))).toBeGreaterThan(0);
    expect(await redis.hget(scripts.names.meta, 'longestTtl')).toBe('60000');
    expect((await scripts.read('k'))[0]).toBe('VALUE');
    expect((await scripts.fill('k', 'a', 1))[0]).toBe('REFUSED');
    await expect.poll(() => heard.messages).toEqual([expect.stringMatching(/ 2 \d+ \[\["k"\],\[\]\]$/)]);
    heard.end();
    // Its tags are the value's: they were not invalidated by it, and make it outdated later.
    await scripts.invalidate([], ['t']);
    expect((await scripts.read('k'))[0]).toBe('REFUSED');
  });

  test('is refused while the key is marked, and leaves the mark and the clock', async ({ scripts }) => {
    await scripts.mark(['k'], 'w');
    expect(await scripts.set('k')).toEqual(['MARK', 1]);
    expect(await scripts.writers('k')).toEqual(['w']);
    await scripts.unmark(['k'], 'w');
    expect((await scripts.set('k')).slice(0, 2)).toEqual(['OK', 2]);
  });
});

describe('the relay’s scripts', () => {
  test('PROBE tells the last beat, where the epoch began and what preceded it', async ({ scripts }) => {
    await scripts.beat(0);
    await scripts.invalidate(['k']);
    const first = await scripts.probe();
    expect(first.slice(0, 5)).toEqual(['PROBE', 1, 1, 0, '']);
    expect(Number(first[5])).toBeGreaterThan(MARK_MS);
    expect(Number(first[5])).toBeLessThanOrEqual(MARK_MS + BEYOND_MS);
    const old = scripts.epoch;
    await scripts.endEpoch();
    await scripts.invalidate(['k']);
    await scripts.endQuarantine();
    await scripts.bless(old);
    expect(await scripts.probe()).toEqual(['PROBE', 2, 1, 1, old, 0, old]);
  });

  test('PROVE never takes back what was proved, and a beat tells it', async ({ scripts }) => {
    for (let i = 0; i < 3; i++) await scripts.beat(0);
    expect(await scripts.prove(2)).toEqual(['OK', 0]);
    expect(await scripts.prove(1)).toEqual(['OK', 0]);
    expect((await scripts.beat(0)).slice(4, 6)).toEqual([4, 2]);
    await scripts.prove(11);
    expect((await scripts.beat(0))[5]).toBe(11);
  });

  test('BLESS takes the preceding epoch, after the quarantine; the blessing ends with its epoch', async ({
    scripts,
  }) => {
    const before = scripts.epoch;
    await scripts.lease('k', 'a');
    await scripts.fill('k', 'a', 0);
    const old = await scripts.endEpoch();
    await scripts.endEpoch();
    expect(await scripts.bless(old)).toEqual(['REFUSED', 0]);
    await scripts.endQuarantine();
    expect(await scripts.bless(before)).toEqual(['REFUSED', 0]);
    expect(await scripts.bless(scripts.epoch)).toEqual(['REFUSED', 0]);
    expect(await scripts.bless('')).toEqual(['REFUSED', 0]);
    expect(await scripts.bless(old)).toEqual(['OK', 0]);
    // What was stored before that one is not blessed with it.
    expect((await scripts.read('k'))[0]).toBe('REFUSED');
    await scripts.endEpoch();
    expect((await scripts.probe()).at(-1)).toBe('');
  });

  test('an epoch that a caller names, but Redis does not remember, cannot be blessed', async ({ redis, scripts }) => {
    const old = scripts.epoch;
    await redis.del(scripts.names.meta);
    expect((await scripts.clock())[3]).toBe(old);
    await scripts.attach();
    await scripts.endQuarantine();
    expect((await scripts.probe())[4]).toBe('');
    expect(await scripts.bless(old)).toEqual(['REFUSED', 0]);
  });

  test('RENEW’s replaced epoch is the preceding one, not the caller’s own', async ({ scripts }) => {
    const offered = scripts.epoch;
    await scripts.renew(offered, 'own');
    await scripts.attach();
    await scripts.endQuarantine();
    expect(await scripts.bless('own')).toEqual(['REFUSED', 0]);
    expect(await scripts.bless(offered)).toEqual(['OK', 0]);
  });
});
