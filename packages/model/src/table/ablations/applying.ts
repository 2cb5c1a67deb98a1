import type { BusMessage, Entry } from '@lockstep/cache/core/entry';
import type { Partition } from '@lockstep/cache/core/partition';
import type { EpochReply, Sent } from '@lockstep/cache/core/replies';
import { applying, inherited, reading } from '../cores.ts';
import { type Ablation, always, FULL, MUTATE, NARROW, nothing, PLAIN } from './scopes.ts';

/** Invalidations, and what was in flight when they came. */
export const APPLYING: readonly Ablation[] = [
  {
    without: 'taints of reads in flight',
    scope: { ...NARROW, property: 'convergence', writers: PLAIN, without: reading({ taint: nothing }) },
    within: 14,
  },
  {
    without: 'the generation, and with it the flush of what is in flight',
    scope: {
      ...NARROW,
      property: 'convergence',
      writers: PLAIN,
      faults: { trim: true },
      without: applying({ empty: emptied }),
    },
    within: 14,
  },
  {
    without: 'stopping at a gap of the bus [3 of section 6]',
    scope: {
      ...NARROW,
      property: 'bounded',
      writers: [...PLAIN, { kind: 'n', on: 'A' }],
      without: applying({ heard: movedByMessages }),
    },
    within: 14,
  },
  {
    without: 'own writes that stop at a gap [14]',
    scope: {
      ...FULL,
      readers: ['A'],
      property: 'bounded',
      writers: [
        { kind: 'p', on: 'B' },
        { kind: 'n', on: 'A' },
      ],
      without: applying({ wrote: movedByOwn }),
    },
    within: 16,
  },
  {
    without: 'proofs counted from the sending of a beat [11]',
    scope: { ...NARROW, property: 'bounded', writers: MUTATE, without: { driver: { proofFromSending: true } } },
    within: 14,
  },
  {
    without: 'the test that a proof is recent enough',
    scope: { ...NARROW, property: 'linearizable', writers: MUTATE, without: applying({ trusted: always }) },
    within: 14,
  },
  {
    without: 'the flush by a new epoch',
    scope: {
      ...NARROW,
      property: 'convergence',
      writers: MUTATE,
      faults: { failover: 'dead' },
      without: applying({ empty: keptOnEpoch }),
    },
    within: 18,
  },
  {
    without: 'ignoring messages of another epoch [4]',
    scope: {
      ...NARROW,
      property: 'convergence',
      writers: PLAIN,
      faults: { failover: 'deposed' },
      without: applying({ heard: adoptedFromBus }),
    },
    within: 18,
  },
  {
    without: 'discarding answers to requests of an epoch or connection before [8, 13]',
    scope: {
      ...NARROW,
      property: 'convergence',
      writers: [{ kind: 'n', on: 'A' }, ...PLAIN],
      faults: { failover: 'dead' },
      without: applying({ current: always }),
    },
    within: 24,
  },
  {
    without: 'asking for a new epoch when one is offered that was left [M6]',
    scope: {
      ...NARROW,
      readers: [],
      property: 'stuck',
      writers: PLAIN,
      faults: { failover: 'primary', failBack: 'promoted', flaps: 2 },
      without: applying({ offered: neverRenewed }),
    },
    within: 12,
  },
];

type Heard = BusMessage & { is: 'entry' };

function emptied(this: Partition): void {
  this.l1.clear();
}

function keptOnEpoch(this: Partition, cause: string): void {
  if (cause !== 'epoch') this.l1.clear();
  this.generation++;
}

function movedByMessages(this: Partition, { epoch, entry }: Heard): void {
  if (epoch !== this.epoch || entry.clock <= this.applied) return;
  for (const key of entry.keys) this.l1.delete(key);
  this.applied = entry.clock;
}

function movedByOwn(this: Partition, _sent: Sent, entry: Entry): void {
  for (const key of entry.keys) this.l1.delete(key);
  this.applied = Math.max(this.applied, entry.clock);
}

function adoptedFromBus(this: Partition, { epoch, entry }: Heard): void {
  if (epoch !== this.epoch) {
    this.epoch = epoch;
    this.flush();
  }
  for (const key of entry.keys) this.l1.delete(key);
  this.applied = Math.max(this.applied, entry.clock);
}

function neverRenewed(this: Partition, sent: Sent, reply: EpochReply): unknown {
  const { left } = this as unknown as { left: Set<string> };
  return left.has(reply.epoch) ? 'nothing' : inherited(this, 'offered', sent, reply);
}
