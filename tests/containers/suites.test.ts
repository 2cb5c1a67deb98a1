/**
 * The suites of coherence and of faults once more, the same files, with Redis 8 and Postgres 18 as containers beneath
 * replicas that are processes: what holds on the servers of this machine holds on those that are shipped.
 */
import { describe, inject } from 'vitest';

describe.skipIf(inject('engineProblem') !== null)('on containers', () => {
  describe('coherence', () => import('../cluster/coherence.test.ts').then(() => undefined));
  describe('lost messages', () => import('../cluster/lost-messages.test.ts').then(() => undefined));
  describe('Redis down', () => import('../cluster/redis-down.test.ts').then(() => undefined));
});
