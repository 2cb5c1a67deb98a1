import type { Unreachable } from '@lockstep/cache/core/replies';
import type { Rule } from '../engine/system.ts';
import { pulseName } from './beat-rules.ts';
import { loseBeat } from './pulse.ts';
import { loseRead } from './reading.ts';
import { loseRelay, relayName } from './relay-node.ts';
import { rule, type SceneMove } from './rules.ts';
import type { Scene, SlotName } from './scene.ts';
import { type ReplicaName, relaysOf, type Scope, type ServerName } from './scope.ts';
import { loseOrder, type WriterName } from './writing.ts';

const CLOSED: Unreachable = { is: 'unreachable', error: new Error('the connection closed') };
/** No connection that a replica ever has again: the tidied number of the present one is 0. */
const FORMER = -1;

/** One replica's command connection closes, and opens again, perhaps to the other server. */
export function connectionRules(name: ReplicaName, scope: Scope, writers: readonly WriterName[]): Rule[] {
  const { faults = {}, l1 } = scope;
  if (!faults.drop && faults.failover === undefined) return [];
  const pulses = l1.includes(name) ? [pulseName(name)] : [];
  const relays: SlotName[] = relaysOf(scope).includes(name) ? [relayName(name)] : [];
  const slots: SlotName[] = [name, ...pulses, ...writers, ...relays, 'net', 'origin'];
  return [
    rule(`connections of ${name}`, { slots, reads: scope.forgets ? ['session'] : [] }, (scene) => {
      const targets = targetsOf(scene, name, scope);
      return targets.flatMap((to) => {
        const lost = move(name, scope, writers, pulses.length > 0, to, false);
        return answered(scene, name, writers, pulses.length > 0)
          ? [lost, move(name, scope, writers, pulses.length > 0, to, true)]
          : [lost];
      });
    }),
  ];
}

/** Clients are told of the primary; while servers flap, some are told of the other one. */
function targetsOf(scene: Scene, name: ReplicaName, { faults = {} }: Scope): ServerName[] {
  const { at } = scene[name];
  const { primary, failedOver, flaps } = scene.net;
  const targets: ServerName[] = faults.drop ? [at] : [];
  const other = at === 'P' ? 'Q' : 'P';
  if (other === primary || (flaps > 0 && failedOver)) targets.push(other);
  return targets;
}

/** Answers are on their way. */
function answered(scene: Scene, name: ReplicaName, writers: readonly WriterName[], pulse: boolean): boolean {
  const asks = pulse ? scene[pulseName(name)].asks : null;
  return (
    (asks !== null && asks.reply !== null) ||
    scene[name].flights.some((flight) => flight?.stage.is === 'asking' && flight.stage.reply !== null) ||
    writers.some((writer) => {
      const { stage } = scene[writer];
      return stage.is === 'asking' && stage.reply !== null;
    })
  );
}

/** `late`: answers that have arrived are processed after the close; else they are lost with it. */
function move(
  name: ReplicaName,
  scope: Scope,
  writers: readonly WriterName[],
  pulse: boolean,
  to: ServerName,
  late: boolean,
): SceneMove {
  return (changed) => {
    const replica = changed[name];
    const words = replica.at === to ? `${name} loses its connection to ${to}` : `${name} reconnects to ${to}`;
    if (replica.at !== to && to !== changed.net.primary) changed.net.flaps--;
    replica.at = to;
    replica.partition.closed();
    let wrong: string | undefined;
    for (const slot of replica.flights.keys()) wrong ??= cutRead(changed, scope, name, slot, late);
    if (pulse) cutBeat(changed, scope, name, late);
    for (const writer of writers) cutOrder(changed, scope, writer, late);
    if (relaysOf(scope).includes(name)) loseRelay(changed, name, CLOSED);
    return { words: late ? `${words}, what was answered arrives` : words, wrong };
  };
}

function cutRead(scene: Scene, scope: Scope, name: ReplicaName, slot: number, late: boolean): string | undefined {
  const flight = scene[name].flights[slot];
  if (flight?.stage.is !== 'asking') return undefined;
  const { stage } = flight;
  if (late && stage.reply !== null) {
    flight.stage = { ...stage, sent: { ...stage.sent, connection: FORMER } };
    return undefined;
  }
  return loseRead(scene, scope, scene[name], slot, CLOSED);
}

function cutBeat(scene: Scene, scope: Scope, name: ReplicaName, late: boolean): void {
  const pulse = scene[pulseName(name)];
  const { asks } = pulse;
  if (asks === null) return;
  if (late && asks.reply !== null) pulse.asks = { ...asks, sent: { ...asks.sent, connection: FORMER } };
  else loseBeat(scene, name, CLOSED, scope);
}

function cutOrder(scene: Scene, scope: Scope, name: WriterName, late: boolean): void {
  const writer = scene[name];
  const { stage } = writer;
  if (stage.is !== 'asking') return;
  if (late && stage.reply !== null) {
    writer.stage = { ...stage, sent: { ...stage.sent, connection: FORMER } };
  } else loseOrder(scene, writer, scope, CLOSED);
}
