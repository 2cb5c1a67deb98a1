/** MARK and UNMARK on a real Redis: what they answer and what they leave behind. */
import { describe, expect } from 'vitest';
import { MARK_MS, test } from './scripts.ts';

describe('marks', () => {
  test('a mark takes the place of a value, has no TTL, and nothing is leased or filled under it', async ({
    redis,
    scripts,
  }) => {
    await scripts.lease('k', 'a');
    expect((await scripts.mark(['k'], 'w')).slice(0, 2)).toEqual(['OK', 1]);
    expect(await redis.pttl(scripts.names.key('k'))).toBe(-1);
    expect((await scripts.fill('k', 'a', 0))[0]).toBe('REFUSED');
    expect(await scripts.lease('k', 'b')).toEqual(['MARK', 1]);
    const [is, , , left] = await scripts.read('k');
    expect(is).toBe('MARK');
    expect(Number(left)).toBeGreaterThan(0);
    await scripts.invalidate(['k']);
    expect(await scripts.writers('k')).toEqual(['w']);
  });

  test('writers join; the last one frees the key; a later one shortens nobody’s deadline', async ({
    redis,
    scripts,
  }) => {
    await scripts.mark(['k'], 'w1', MARK_MS);
    const before = await redis.get(scripts.names.key('k'));
    await scripts.mark(['k'], 'w2', MARK_MS / 2);
    expect(await redis.get(scripts.names.key('k'))).toContain(String(before).slice(2));
    expect((await scripts.unmark(['k'], 'w2'))[3]).toBe(0);
    expect(await scripts.writers('k')).toEqual(['w1']);
    const clock = await scripts.clockNow();
    await scripts.unmark(['k'], 'w1');
    expect(await redis.exists(scripts.names.key('k'), scripts.names.marks)).toBe(0);
    expect(await scripts.clockNow()).toBe(clock);
  });

  test('a mark that is longer than the longest is refused, and marks nothing', async ({ redis, scripts }) => {
    expect(await scripts.mark(['k'], 'w', MARK_MS + 1)).toEqual(['TOO_LONG', 0, MARK_MS]);
    expect(await redis.exists(scripts.names.key('k'))).toBe(0);
  });

  test('a dead writer is dropped by whoever meets the mark, a live one beside it stays', async ({ redis, scripts }) => {
    await redis.set(scripts.names.key('k'), `M dead:1 live:${Date.now() + 60_000}`);
    expect((await scripts.read('k'))[0]).toBe('MARK');
    expect(await scripts.writers('k')).toEqual(['live']);
    await redis.set(scripts.names.key('k'), 'M dead:1');
    expect(await scripts.lease('k', 'a')).toEqual(['GRANTED', 0]);
  });

  test('UNMARK without its mark invalidates instead, and spares the mark of another', async ({ redis, scripts }) => {
    await scripts.mark(['k', 'l'], 'w');
    await redis.del(scripts.names.key('k'));
    await scripts.lease('k', 'a');
    const [is, clock, , lost] = await scripts.unmark(['k', 'l'], 'w', ['t']);
    expect([is, clock, lost]).toEqual(['OK', 2, 1]);
    expect((await scripts.fill('k', 'a', 1))[0]).toBe('REFUSED');
    expect((await redis.xrevrange(scripts.names.journal, '+', '-', 'COUNT', 1))[0]?.[1][1]).toBe('[["k"],["t"]]');
    await scripts.mark(['k'], 'other');
    await scripts.unmark(['k'], 'w');
    expect(await scripts.writers('k')).toEqual(['other']);
  });

  test('BEAT drops the marks that are due, also those whose key is gone', async ({ redis, scripts }) => {
    await redis.set(scripts.names.key('k'), 'M dead:1');
    await redis.zadd(scripts.names.marks, 1, scripts.names.key('k'), 1, scripts.names.key('gone'));
    await scripts.beat(0);
    expect(await redis.exists(scripts.names.key('k'), scripts.names.marks)).toBe(0);
  });
});
