import { Relay, type RelayEffect } from '@lockstep/cache/core/relay';
import type { BlessReply, DoneReply, ProbeReply, Sent, Unreachable } from '@lockstep/cache/core/replies';
import { bless, invalidate, probe, prove } from '../redis/index.ts';
import type { Origin, OutboxRow } from './origin.ts';
import type { Scene } from './scene.ts';
import type { ReplicaName, Scope, ServerName } from './scope.ts';
import { ask } from './server.ts';

type Asked = Extract<RelayEffect, { do: 'probe' | 'invalidate' | 'bless' | 'prove' }>;
type Query = Extract<RelayEffect, { do: 'snapshot' | 'recheck' | 'done' }>;
type Reply = ProbeReply | DoneReply | BlessReply;

/** The relay of one replica: a round of the core's `Relay`, or none. */
export interface RelayNode {
  readonly on: ReplicaName;
  relay: Relay | null;
  /** What it waits for: a script, or the origin. */
  next: Asked | Query | null;
}

export const relayFlags = { resting: 1, asking: 2, querying: 4 } as const;

export function openRelay(on: ReplicaName): RelayNode {
  return { on, relay: null, next: null };
}

export function flagsOfRelay({ next }: RelayNode): number {
  if (next === null) return relayFlags.resting;
  return 'ids' in next || next.do === 'snapshot' || next.do === 'done' ? relayFlags.querying : relayFlags.asking;
}

/** Which slot holds the relay of a replica. */
export function relayName(on: ReplicaName): 'relayA' | 'relayB' {
  return on === 'A' ? 'relayA' : 'relayB';
}

/** Undefined where the rule does not look at it. */
export function relayOf(scene: Scene, on: ReplicaName): RelayNode {
  return scene[relayName(on)];
}

export function beginRelay(scene: Scene, on: ReplicaName, scope: Scope): void {
  const node = relayOf(scene, on);
  const options = { repair: scope.outbox === 'repair', owns };
  const { partition } = scene[node.on];
  node.relay = scope.without?.relay?.(partition, options) ?? new Relay(partition, options);
  proceed(node, node.relay.start());
}

/**
 * A script of the relay is sent, executed and answered in one step. Nobody else waits for its answer, so that a later
 * arrival is the same as a later next step.
 */
export function askForRelay(scene: Scene, on: ReplicaName, server: ServerName): string {
  const node = relayOf(scene, on);
  const { partition } = scene[node.on];
  const effect = node.next as Asked;
  const sent = { ...partition.sending(scene.origin.now), ...('epoch' in effect ? { epoch: effect.epoch } : {}) };
  const reply = ask(scene, server, sent.epoch, (sim, caller): Reply => {
    switch (effect.do) {
      case 'probe':
        return probe(sim, caller);
      case 'invalidate':
        return invalidate(sim, caller, effect);
      case 'bless':
        return bless(sim, caller, effect.preceding);
      case 'prove':
        return prove(sim, caller, effect.probe);
    }
  });
  answer(node, effect, sent, reply);
  return wordsOf(`relay of ${on}`, server, effect, reply);
}

/** The connection closed while the relay waited. */
export function loseRelay(scene: Scene, on: ReplicaName, error: Unreachable): void {
  const node = relayOf(scene, on);
  if (node.next === null || flagsOfRelay(node) !== relayFlags.asking) return;
  answer(node, node.next as Asked, scene[node.on].partition.sending(scene.origin.now), error);
}

function answer(node: RelayNode, effect: Asked, sent: Sent, reply: Reply): void {
  proceed(node, answered(node.relay as Relay, effect, sent, reply));
}

function answered(relay: Relay, effect: Asked, sent: Sent, reply: Reply): RelayEffect {
  switch (effect.do) {
    case 'probe':
      return relay.probed(sent, reply as ProbeReply);
    case 'invalidate':
      return relay.invalidated(sent, reply as DoneReply);
    case 'bless':
      return relay.blessed(sent, reply as BlessReply);
    case 'prove':
      return relay.proved(sent, reply as DoneReply);
  }
}

/** The origin answers the relay. */
export function queryForRelay(scene: Scene, on: ReplicaName, scope: Scope): string {
  const node = relayOf(scene, on);
  const { origin } = scene;
  const relay = node.relay as Relay;
  const query = node.next as Query;
  switch (query.do) {
    case 'snapshot': {
      const rows = origin.rows.filter((row) => open(row, query, scope));
      proceed(node, relay.snapshotted(rows.map(toRow), true));
      // Without writers who note what they did themselves nothing changes until the second look.
      if (scope.ownMarks !== true && node.next !== null && (node.next as Query).do === 'recheck')
        queryForRelay(scene, on, scope);
      return `relay of ${on} snapshots the outbox: rows ${rows.length}`;
    }
    case 'recheck': {
      const ids = query.ids.filter((id) =>
        origin.rows.some((row) => `${row.version}` === id && !row.done.has(query.epoch)),
      );
      proceed(node, relay.rechecked(ids));
      return `relay of ${on} looks again: rows ${ids.length}`;
    }
    case 'done':
      for (const { clock, ids } of query.marks) for (const id of ids) noteDone(origin, Number(id), query.epoch, clock);
      proceed(node, relay.marked());
      return `relay of ${on} notes what is done in ${query.epoch}`;
  }
}

/** Once: what was done in an epoch stays done at the clock that was noted first. */
export function noteDone(origin: Origin, version: number, epoch: string, clock: number): void {
  origin.rows = origin.rows.map((row) =>
    row.version === version && !row.done.has(epoch)
      ? { ...row, done: sorted(new Map(row.done).set(epoch, clock)) }
      : row,
  );
}

function open(
  { done }: OutboxRow,
  { epoch, preceding }: Extract<Query, { do: 'snapshot' }>,
  { without }: Scope,
): boolean {
  if (without?.driver?.donePerEpoch) return done.size === 0;
  if (epoch !== null && done.has(epoch)) return false;
  return preceding === null || (done.get(preceding.epoch) ?? Number.POSITIVE_INFINITY) > preceding.upTo;
}

function toRow({ version, key, tags }: OutboxRow) {
  return { id: `${version}`, key, tags };
}

/** In which order epochs were noted is no part of the state. */
function sorted(map: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...map].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function proceed(node: RelayNode, effect: RelayEffect): void {
  const ended = effect.do === 'end';
  node.next = ended ? null : effect;
  if (ended) node.relay = null;
}

const owns = () => true;

function wordsOf(who: string, server: ServerName, effect: Asked, reply: Reply): string {
  const what = `${who} ${effect.do.toUpperCase()} at ${server}`;
  if (reply.is === 'unreachable') return `${what}: no answer`;
  if (reply.is === 'epoch') return `${what}: EPOCH ${reply.epoch}`;
  if (reply.is === 'probe') return `${what}: probe ${reply.probe}`;
  if (reply.is === 'refused') return `${what}: refused`;
  return effect.do === 'prove'
    ? `${what}: ${effect.probe} is proved in ${effect.epoch}`
    : `${what}: clock ${reply.clock}`;
}
