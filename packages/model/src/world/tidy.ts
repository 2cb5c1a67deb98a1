import type { Partition } from '@lockstep/cache/core/partition';
import type { Sent } from '@lockstep/cache/core/replies';
import type { Replica } from './replica.ts';
import type { Scope } from './scope.ts';
import { LONG_MS } from './server.ts';

/**
 * Two components that will do the same must be the same. Counters of which only equality matters are set back; what no
 * reader of this scope looks at is taken out.
 */
/** The fields of the core that are its own business. */
interface PrivateRead {
  generation: number;
  tagEvents: number;
  taintedAt: number;
  epoch: string | null;
  uncached: boolean;
  loadedFrom: number;
  readonly request: { boundMs: number };
  waitUntil: number | undefined;
}

interface PrivatePartition {
  stalenessMs: number;
  generation: number;
  tagEvents: number;
  seen: number;
  past: readonly string[];
  readonly left: Set<string>;
  readonly contact: PrivateContact;
  readonly proofs: PrivateProofs;
}

interface PrivateContact {
  connection: number;
  since: number;
  longestMarkMs: number;
  authority: { connection: number; epoch: string; at: number } | null;
  time: unknown;
}

interface PrivateProofs {
  confirmedAtOrigin: number;
  probes: { readonly probe: number; readonly at: number }[];
}

export function tidyReplica(replica: Replica, scope: Scope): void {
  const { partition, flights } = replica;
  if (flights[replica.newest] == null) replica.newest = 0;
  for (const flight of flights) {
    if (flight === null) continue;
    tidyRead(flight.read as unknown as PrivateRead, partition, scope);
    if (flight.stage.is === 'asking') {
      const { stage } = flight;
      flight.stage = { ...stage, sent: tidySent(stage.sent, scope) };
    }
  }
  tidyPartition(partition as unknown as PrivatePartition, scope);
}

function tidyRead(read: PrivateRead, partition: Partition, scope: Scope): void {
  if (read.request.boundMs >= 0) read.request.boundMs = LONG_MS;
  if (!timed(scope)) read.loadedFrom = 0;
  read.generation = same(read.generation, partition.generation);
  read.tagEvents = same(read.tagEvents, partition.tagEvents);
  if (read.uncached || read.generation !== 0) {
    // It stores nothing, and nobody joins it.
    read.generation = -1;
    read.tagEvents = -1;
    read.taintedAt = 0;
    read.epoch = null;
  }
  if (read.waitUntil !== undefined) read.waitUntil = LONG_MS;
}

function tidyPartition(partition: PrivatePartition, { session, faults, outbox }: Scope): void {
  partition.stalenessMs = LONG_MS;
  partition.generation = 0;
  partition.tagEvents = 0;
  // Within one epoch no clock goes backwards here.
  partition.seen = 0;
  if (session === undefined) partition.past = [];
  // Nobody is offered an epoch again unless a server serves again that never knew of another.
  if (faults?.failBack !== 'undone' && !faults?.flaps) partition.left.clear();
  const { contact } = partition;
  // Whatever was under way has been told of the close, so that nothing remembers an older connection.
  contact.connection = 0;
  if (contact.authority !== null) contact.authority = { ...contact.authority, connection: 0 };
  contact.time = null;
  contact.since = 0;
  contact.longestMarkMs = 0;
  tidyProofs(partition.proofs, outbox);
}

/** A beat that was sent later, and drew no larger probe, proves all that this one proves, and as soon. */
function tidyProofs(proofs: PrivateProofs, outbox: Scope['outbox']): void {
  if (outbox === undefined) {
    proofs.probes = [];
    proofs.confirmedAtOrigin = Number.NEGATIVE_INFINITY;
    return;
  }
  const { confirmedAtOrigin } = proofs;
  const kept: PrivateProofs['probes'] = [];
  const sorted = [...proofs.probes].sort((one, other) => one.probe - other.probe || other.at - one.at);
  for (const beat of sorted) {
    if (beat.at > (kept.at(-1)?.at ?? confirmedAtOrigin)) kept.push(beat);
  }
  proofs.probes = kept;
}

/** Of a read's or a write's request; a beat's also tells since when it proves something. */
function tidySent(sent: Sent, scope: Scope): Sent {
  return { ...tidyBeat(sent, scope), at: timed(scope) ? sent.at : 0 };
}

export function tidyBeat(sent: Sent, { outbox }: Scope): Sent {
  return { ...sent, seen: 0, provedAt: outbox === undefined ? 0 : sent.provedAt };
}

/** Answers tell since when they are proved, and are held to it. */
function timed({ property }: Scope): boolean {
  return property === 'bounded' || property === 'proved';
}

function same(one: number, other: number): number {
  return one === other ? 0 : -1;
}
