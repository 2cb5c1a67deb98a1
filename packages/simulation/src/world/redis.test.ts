/** Which data a server has after a failover: what it was told to copy, and nothing else. */
import { invalidate } from '@lockstep/model/redis';
import { expect, test } from 'vitest';
import { Agenda } from '../time/agenda.ts';
import { Random } from '../time/random.ts';
import { Redis } from './redis.ts';

test('a deposed primary keeps what it has acknowledged until it is told to follow the other one', () => {
  const redis = new Redis(new Agenda(), null, new Random(1), {}, 1);
  const clocks = () => redis.servers.map(({ sim }) => sim.partitions.get('0')?.meta?.clock);
  const write = () =>
    invalidate(redis.primary.sim, { epoch: 'first0', nonce: 'n', now: redis.primary.time }, { keys: ['k'] });
  redis.replicate();
  write();
  redis.failOver(0);
  redis.replicate();
  expect(clocks()).toEqual([1, 0]);
  redis.rejoin();
  expect(clocks()).toEqual([0, 0]);
  // It follows now, so what comes is copied as well.
  redis.failBack(0);
  redis.rejoin();
  write();
  invalidate(redis.primary.sim, { epoch: 'n', nonce: 'm', now: redis.primary.time }, { keys: ['k'] });
  redis.replicate();
  expect(clocks()).toEqual([1, 1]);
});
