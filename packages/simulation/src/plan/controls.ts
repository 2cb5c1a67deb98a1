import type { Outbox, OutboxRound, PendingQuery } from '@lockstep/cache/outbox';
import type { Answer, Requests } from '@lockstep/cache/requests';
import type { Time } from '@lockstep/cache/time';
import type { Mechanisms } from '../world/mechanisms.ts';
import type { Plan } from './plan.ts';
import { planOf, type Scenario } from './scenario.ts';
import { scenarioNamed } from './scenarios.ts';
import type { Setup } from './setup.ts';

/** A mechanism taken out. Where the simulation finds nothing wrong then, its silence otherwise proves nothing. */
export interface Control {
  readonly name: string;
  /** The level, or the promise, that rests on the mechanism. */
  readonly of: string;
  readonly scenario: Scenario;
  readonly mechanisms: Mechanisms;
  /** Told to the caches in place of what the plan says; what fails is as planned. */
  readonly setup?: Partial<Setup>;
}

export function controlPlan({ scenario, setup }: Control, seed: number): Plan {
  const plan = planOf(scenario, seed);
  return { ...plan, setup: { ...plan.setup, ...setup } };
}

/** Requests of which some are answered by something else. */
function disturbed(wrap: (requests: Requests, time: Time) => Partial<Requests>): Mechanisms {
  return {
    requests: (requests, time) => {
      const changed = wrap(requests, time);
      return new Proxy(requests, {
        get: (target, name: keyof Requests) => changed[name] ?? target[name].bind(target),
      });
    },
  };
}

/** As if the request had been sent when its answer came. */
async function asOfReceipt<R>(answer: Promise<Answer<R>>, time: Time): Promise<Answer<R>> {
  const { sent, reply } = await answer;
  return { sent: { ...sent, at: time.now() }, reply };
}

function rounds(change: (round: OutboxRound) => Partial<OutboxRound>): Mechanisms {
  return {
    outbox: (outbox): Outbox => ({
      doneBy: (marks) => outbox.doneBy(marks),
      purge: (purge) => outbox.purge(purge),
      round: (limitMs, work) =>
        outbox.round(limitMs, (round) =>
          work({
            pending: (partition, query, limit) => round.pending(partition, query, limit),
            undone: (partition, epoch, ids) => round.undone(partition, epoch, ids),
            done: (partition, epoch, marks) => round.done(partition, epoch, marks),
            ...change(round),
          }),
        ),
    }),
  };
}

/** One of those that are simulated, made denser where the mechanism matters, so that little has to be searched. */
function denser(name: string, changes: Partial<Scenario> = {}): Scenario {
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return { ...scenario, ...changes, mix: { ...scenario.mix, ...changes.mix } };
}

function everDone(query: PendingQuery): PendingQuery {
  const { preceding } = query;
  return preceding === null ? query : { ...query, preceding: { ...preceding, upTo: Number.POSITIVE_INFINITY } };
}

/** Writers that die right after the commit show what only their mark had prevented. */
const DYING = { mutate: 0.15, fates: { dies: 0.5 }, keys: ['u0', 'u1'] } as const;

export const CONTROLS: readonly Control[] = [
  {
    name: 'beats prove, and bring nothing',
    of: 'bounded',
    scenario: denser('lossy bus'),
    mechanisms: disturbed((requests) => ({
      beat: async () => {
        const { sent, reply } = await requests.beat();
        if (reply.is !== 'beat' || reply.page === 'trimmed') return { sent, reply };
        return { sent, reply: { ...reply, page: reply.page.map((entry) => ({ ...entry, keys: [], tags: [] })) } };
      },
    })),
  },
  {
    name: 'a proof counts from its receipt',
    of: 'bounded',
    scenario: denser('links', { faults: (m) => m.lateProof(), span: [1.6, 2] }),
    mechanisms: disturbed((requests, time) => ({ beat: () => asOfReceipt(requests.beat(), time) })),
  },
  {
    name: 'a clock that stands still with its process',
    of: 'bounded',
    scenario: denser('pauses', { faults: (m) => m.some(3, m.deafPause), span: [2, 2.6] }),
    mechanisms: { suspendedClock: true },
  },
  {
    name: 'values of any epoch are taken',
    of: 'bounded',
    scenario: denser('restarts'),
    mechanisms: { redis: { valueEpoch: true } },
  },
  { name: 'no tokens', of: 'session', scenario: denser('lossy bus'), mechanisms: { tokens: false } },
  {
    name: 'a deposed primary answers scripts that read',
    of: 'strong',
    scenario: denser('failover', { mix: { strong: 0.8 }, faults: (m) => m.failover(0) }),
    mechanisms: { redis: { writingReads: true } },
  },
  {
    name: 'writes wait for nobody',
    of: 'linearizable writes',
    scenario: denser('linearizable'),
    mechanisms: { acknowledgements: false },
  },
  {
    name: 'FILL stores whatever stands there',
    of: 'convergence',
    scenario: denser('pauses'),
    mechanisms: { redis: { leaseToken: true } },
  },
  {
    name: 'no quarantine',
    of: 'convergence',
    scenario: denser('restarts', { mix: DYING, faults: (m) => m.flushUnderWrites() }),
    mechanisms: { redis: { quarantine: true } },
  },
  {
    name: 'the epoch outlives a promotion of the same process',
    of: 'failover',
    scenario: denser('failover', {
      mix: { mutate: 0.2, strong: 0.8, keys: ['u0', 'u1'] },
      faults: (m) => m.thereAndBack(),
    }),
    mechanisms: { redis: { replid: true } },
  },
  {
    name: 'tags are invalidated before the commit',
    of: 'lists by tag',
    scenario: denser('calm', { mix: { mutate: 0.04 } }),
    mechanisms: { redis: { tagsAfterCommit: 'mark' } },
  },
  {
    name: 'tags are invalidated where the keys are',
    of: 'partitions',
    scenario: denser('partitions'),
    mechanisms: disturbed((requests) => ({
      unmark: async (keys, writer, tags) => {
        if (keys.length > 0) return requests.unmark(keys, writer, tags);
        const { sent, reply } = await requests.clock();
        if (reply.is !== 'clock') return { sent, reply };
        return { sent, reply: { is: 'ok', clock: reply.clock, lost: 0, waiting: 0, quarantineMs: 0 } };
      },
    })),
  },
  {
    name: 'two primaries that nobody was told of',
    of: 'split brain',
    scenario: denser('split brain'),
    mechanisms: {},
    setup: { failoverMs: 0 },
  },
  {
    name: 'the relay finds no rows',
    of: 'proved at the origin',
    scenario: denser('psql'),
    mechanisms: rounds(() => ({ pending: async () => ({ rows: [], complete: true }) })),
  },
  {
    name: 'repair leaves out whatever was done',
    of: 'repair',
    scenario: denser('repair'),
    mechanisms: rounds((round) => ({
      pending: (partition, query, limit) => round.pending(partition, everDone(query), limit),
    })),
  },
  {
    name: 'own rows are done at the clock of MARK',
    of: 'repair',
    scenario: denser('repair', {
      mix: { mutate: 0.15, psql: 0, set: 0, find: 0, fates: {}, keys: ['m0', 'u0', 'u1'] },
      faults: (m) => m.lossyRestart(),
    }),
    mechanisms: {
      outbox: (outbox): Outbox => ({
        doneBy: (marks) => outbox.doneBy(marks.map((mark) => ({ ...mark, clock: mark.clock - 1 }))),
        purge: (purge) => outbox.purge(purge),
        round: (limitMs, work) => outbox.round(limitMs, work),
      }),
    },
  },
  {
    name: 'answers without a proof are not told apart',
    of: 'onUnproven',
    scenario: denser('unproven', { setup: () => ({ outbox: true, onUnproven: 'stale' }) }),
    mechanisms: { labels: false },
  },
];
