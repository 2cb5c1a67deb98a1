/** Who a linearizable writer waits for, as MARK, UNMARK and ACKS count it on a real Redis. */
import type { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { BEYOND_MS, MARK_MS, type Scripts, test } from './scripts.ts';

const LEASE_MS = 60_000;

/** A row as BEAT writes it, of a beat so long ago. */
async function row(redis: Redis, scripts: Scripts, name: string, applied: number, agoMs = 0, epoch = scripts.epoch) {
  const [seconds] = await redis.time();
  const at = Number(seconds) * 1_000 - agoMs;
  await redis.hset(scripts.names.replicas, `${name}.start`, `${epoch} ${applied} ${at} ${name} host`);
}

describe('acknowledgements', () => {
  test('rows count that do not show the clock in this epoch and are not older than the lease', async ({
    redis,
    scripts,
  }) => {
    await scripts.endQuarantine();
    await row(redis, scripts, 'behind', 0);
    await row(redis, scripts, 'elsewhere', 9, 0, 'other');
    await row(redis, scripts, 'there', 1);
    await row(redis, scripts, 'dead', 0, 2 * LEASE_MS);
    const [is, clock, , waiting, left] = await scripts.mark(['k'], 'w', MARK_MS, LEASE_MS);
    expect([is, clock, waiting, left]).toEqual(['OK', 1, 2, 0]);
    expect(await scripts.acks(1, LEASE_MS)).toEqual(['ACKS', 1, 2, 0]);
    await scripts.beat(1, { name: 'behind' });
    expect(await scripts.acks(1, LEASE_MS)).toEqual(['ACKS', 1, 1, 0]);
    await scripts.beat(1, { name: 'elsewhere' });
    expect(await scripts.acks(1, LEASE_MS)).toEqual(['ACKS', 1, 0, 0]);
    expect(await scripts.acks(2, LEASE_MS)).toEqual(['ACKS', 1, 3, 0]);
  });

  test('the quarantine is told, in which rows may have been lost', async ({ scripts }) => {
    for (const [, , , waiting, left] of [
      await scripts.mark(['k'], 'w', MARK_MS, LEASE_MS),
      ['', '', '', ...(await scripts.acks(1, LEASE_MS)).slice(2)],
    ]) {
      expect(waiting).toBe(0);
      expect(Number(left)).toBeGreaterThan(MARK_MS);
      expect(Number(left)).toBeLessThanOrEqual(MARK_MS + BEYOND_MS);
    }
  });

  test('UNMARK counts them only if a mark was lost: that key may have been stored anew', async ({ redis, scripts }) => {
    await row(redis, scripts, 'behind', 0);
    await scripts.mark(['k'], 'w', MARK_MS, LEASE_MS);
    expect((await scripts.unmark(['k'], 'w', ['t'], LEASE_MS)).slice(3)).toEqual([0, 0, 0]);
    const [, clock, , lost, waiting, left] = await scripts.unmark(['k'], 'w', [], LEASE_MS);
    expect([clock, lost, waiting]).toEqual([3, 1, 1]);
    expect(left).not.toBe(0);
  });

  test('with a lease of 0 nobody waits, and nothing is looked up', async ({ redis, scripts }) => {
    await row(redis, scripts, 'behind', 0);
    const calls = async () => {
      const info = await redis.info('commandstats');
      return Number(/cmdstat_hvals:calls=(\d+)/.exec(info)?.[1] ?? 0);
    };
    const before = await calls();
    expect((await scripts.mark(['k'], 'w')).slice(3)).toEqual([0, 0]);
    expect((await scripts.unmark(['k', 'l'], 'w')).slice(3)).toEqual([1, 0, 0]);
    expect(await calls()).toBe(before);
    await scripts.acks(1, LEASE_MS);
    expect(await calls()).toBe(before + 1);
  });
});
