import type { ProbeReply, Sent } from '@lockstep/cache/core/replies';
import { inherited, reading, relaying } from '../cores.ts';
import { type Ablation, MUTATE, NARROW, type Own, PSQL } from './scopes.ts';

/** The outbox, its relay, and repair. */
export const OUTBOX: readonly Ablation[] = [
  {
    without: 'a proof that was there when the GET was sent [M3]',
    scope: {
      ...NARROW,
      property: 'proved',
      outbox: 'relay',
      writers: PSQL,
      without: reading({ accept: acceptedOnLaterProof }),
    },
    within: 22,
  },
  {
    without: 'the snapshot after the probe',
    scope: { ...NARROW, property: 'proved', outbox: 'relay', writers: PSQL, without: relaying(probedLate()) },
    within: 18,
  },
  {
    without: 'rows that count as open in every other epoch',
    scope: {
      ...NARROW,
      property: 'proved',
      outbox: 'relay',
      writers: PSQL,
      relays: ['A', 'B'],
      warm: true,
      faults: { failover: 'primary', replicated: 'nothing' },
      without: { driver: { donePerEpoch: true } },
    },
    within: 24,
  },
  {
    without: 'the clock that the new epoch began with, in repair [M8]',
    scope: {
      ...NARROW,
      warm: true,
      property: 'convergence',
      outbox: 'repair',
      writers: PSQL,
      faults: { failover: 'dead' },
      without: relaying({ probed: repairedPastBase }),
    },
    within: 24,
  },
  {
    without: 'a replay that begins after the quarantine [M8]',
    scope: {
      ...NARROW,
      property: 'strong',
      relays: ['B'],
      warm: true,
      outbox: 'repair',
      writers: MUTATE,
      faults: { failover: 'dead', replicated: 'start' },
      without: relaying({ probed: repairedEarly }),
    },
    within: 26,
  },
  {
    without: 'rows done at the clock of UNMARK [C5, C6]',
    scope: {
      ...NARROW,
      warm: true,
      property: 'convergence',
      outbox: 'repair',
      ownMarks: true,
      tagged: true,
      writers: [{ kind: 'T', on: 'A' }],
      faults: { failover: 'dead' },
      without: { driver: { doneAtUnmark: true } },
    },
    within: 24,
  },
  {
    without: 'keeping a row while old copies live [C7]',
    scope: {
      ...NARROW,
      warm: true,
      property: 'convergence',
      outbox: 'repair',
      purges: true,
      ownMarks: true,
      writers: MUTATE,
      faults: { failover: 'dead' },
      without: { driver: { purgeAfterCopies: true } },
    },
    within: 24,
  },
];

function acceptedOnLaterProof(this: Own, stored: object, sent: Sent, seenAt: number): unknown {
  const later = { ...sent, provedAt: this.partition.proofs.at };
  return inherited(this, 'accept', stored, later, seenAt);
}

/** The rows are read first, and the probe then. */
function probedLate() {
  type Late = { rows: readonly { id: string }[]; complete: boolean; epoch: string } & Own;
  return {
    start(this: Late) {
      return { do: 'snapshot', epoch: this.partition.epoch, preceding: null };
    },
    snapshotted(this: Late, rows: readonly { id: string }[]) {
      this.rows = rows;
      this.complete = true;
      return { do: 'probe' };
    },
    probed(this: Late & { probe: number; rechecked(ids: readonly string[]): unknown }, sent: Sent, reply: ProbeReply) {
      if (reply.is !== 'probe') return { do: 'end', proved: false, more: false };
      this.epoch = sent.epoch;
      this.probe = reply.probe;
      return this.rechecked(this.rows.map(({ id }) => id));
    },
  };
}

function repairedPastBase(this: object, sent: Sent, reply: ProbeReply): unknown {
  const told = reply.is === 'probe' ? { ...reply, base: 1e6 } : reply;
  return inherited(this, 'probed', sent, told);
}

function repairedEarly(this: object, sent: Sent, reply: ProbeReply): unknown {
  const told = reply.is === 'probe' ? { ...reply, quarantineMs: 0 } : reply;
  return inherited(this, 'probed', sent, told);
}
