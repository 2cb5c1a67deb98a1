/** The prologue of every script, beats and RENEW on a real Redis: which history a caller is in. */
import { describe, expect } from 'vitest';
import { MARK_MS, test } from './scripts.ts';

describe('the prologue', () => {
  test('a newcomer is told the epoch, and meta holds what the quarantine needs', async ({ redis, scripts }) => {
    const [is, epoch, clock, past, since, now] = await scripts.clock('');
    expect([is, epoch, clock, past]).toEqual(['EPOCH', scripts.epoch, 0, '']);
    expect(Number(now)).toBeGreaterThanOrEqual(Number(since));
    expect(await redis.hgetall(scripts.names.meta)).toMatchObject({ base: '0', longestMark: String(MARK_MS) });
  });

  test('a foreign epoch does nothing', async ({ redis, scripts }) => {
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
      await scripts.acks(1, 60_000),
      await scripts.set('k'),
      await scripts.probe(),
      await scripts.prove(1),
      await scripts.bless(own),
    ]) {
      expect(answer.slice(0, 3)).toEqual(['EPOCH', own, 0]);
    }
    expect(await redis.get(scripts.names.key('k'))).toBe(before);
    expect(await redis.exists(scripts.names.key('other'), scripts.names.journal, scripts.names.replicas)).toBe(0);
  });

  test('without meta: a new epoch, the clock from the journal, the caller’s epoch first in `past` [M5]', async ({
    redis,
    scripts,
  }) => {
    await scripts.invalidate(['k']);
    await scripts.invalidate(['k']);
    // Trimmed away, the entries still leave the id of the last one.
    await redis.xtrim(scripts.names.journal, 'MAXLEN', 0);
    await redis.del(scripts.names.meta);
    const [is, epoch, clock, past] = await scripts.clock();
    expect([is, clock, past]).toEqual(['EPOCH', 2, scripts.epoch]);
    expect(epoch).not.toBe(scripts.epoch);
  });

  test('a changed master_replid ends the epoch, keeps the clock, and takes a blessing back', async ({
    redis,
    scripts,
  }) => {
    await scripts.invalidate(['k']);
    await redis.hset(scripts.names.meta, { id: 'master_replid:0000', blessed: 'older' });
    const [is, epoch, clock, past] = await scripts.clock();
    expect([is, clock, past]).toEqual(['EPOCH', 1, scripts.epoch]);
    expect(epoch).not.toBe(scripts.epoch);
    expect(await redis.hmget(scripts.names.meta, 'base', 'blessed')).toEqual(['1', null]);
  });

  test('`past` keeps the last sixteen', async ({ redis, scripts }) => {
    const seen: string[] = [];
    for (let i = 0; i < 18; i++) {
      seen.push(scripts.epoch);
      await scripts.endEpoch();
    }
    expect(await redis.hget(scripts.names.meta, 'past')).toBe(seen.slice(-16).join(' '));
  });
});

describe('beats and epochs', () => {
  test('a row for every start; old ones are removed after a while', async ({ redis, scripts }) => {
    await scripts.beat(0, { name: 'gone' });
    expect(await redis.hget(scripts.names.replicas, 'gone.start')).toMatch(
      new RegExp(`^${scripts.epoch} 0 \\d+ gone host$`),
    );
    await redis.hset(scripts.names.replicas, 'gone.start', `${scripts.epoch} 0 1 gone host`);
    for (let i = 0; i < 16; i++) await scripts.beat(0);
    expect(await redis.hkeys(scripts.names.replicas)).toEqual(['api-1.start']);
  });

  test('RENEW replaces the epoch that was offered, once; the caller’s own stands before it in `past`', async ({
    scripts,
  }) => {
    const offered = scripts.epoch;
    const [is, epoch, , past] = await scripts.renew(offered, 'own');
    expect([is, past]).toEqual(['EPOCH', `own ${offered}`]);
    expect(epoch).not.toBe(offered);
    expect((await scripts.renew(offered, 'other')).slice(0, 2)).toEqual(['EPOCH', epoch]);
    expect((await scripts.renew(String(epoch), String(epoch)))[3]).toBe(`own ${offered} ${epoch}`);
  });
});
