import { Beat } from '@lockstep/cache/core/beat';
import type { BeatReply, EpochReply, Unreachable } from '@lockstep/cache/core/replies';
import type { Law } from '../engine/system.ts';
import { acceptable, beat, type Meta, partitionOf, renew } from '../redis/index.ts';
import { netFlags } from './net.ts';
import { boundOf, coveredAt, floorOf, type Origin } from './origin.ts';
import { replicaFlags } from './replica.ts';
import { law } from './rules.ts';
import type { Scene } from './scene.ts';
import { type ReplicaName, type Scope, type ServerName, serversOf } from './scope.ts';
import { ask, KEY, metaOf, serverFlags } from './server.ts';
import { seenBy, sessionFlags, sessionFloor } from './session.ts';
import { writerFlags } from './writer.ts';
import type { WriterName } from './writing.ts';

/** Beats in which an undisturbed replica must have found its proof. */
const ROUNDS = 4;

/** What every state must satisfy, by the property that is looked at. */
export function lawsOf(scope: Scope, writers: readonly WriterName[]): Law[] {
  const { l1, property } = scope;
  switch (property) {
    case 'bounded':
    case 'proved':
      return l1.map((name) => provenL1(name));
    case 'linearizable':
      return l1.map((name) => linearizableL1(name));
    case 'read-your-writes':
    case 'monotonic':
      return (scope.session ?? []).filter((name) => l1.includes(name)).map((name) => sessionL1(name, scope));
    case 'convergence':
      return serversOf(scope).flatMap((server) => [
        restingL2(server, scope, writers),
        ...l1.map((name) => restingL1(name, server, scope, writers)),
      ]);
    case 'stuck':
      return serversOf(scope).flatMap((server) => l1.map((name) => neverStuck(name, server)));
    default:
      return [];
  }
}

function provenL1(name: ReplicaName): Law {
  const guards = [[name, replicaFlags.holdsL1]] as const;
  return law(`hits of L1 of ${name}`, { slots: [name], reads: ['origin'], guards }, (scene) => {
    const { partition } = scene[name];
    const { origin } = scene;
    const entry = partition.lookup(KEY, origin.now, boundOf(origin));
    if (entry === undefined) return undefined;
    const asked = coveredAt(origin, partition.proofs.at);
    return (entry.value as number) < asked
      ? `L1 of ${name} may serve v${entry.value}, its proof covers v${asked}`
      : undefined;
  });
}

function linearizableL1(name: ReplicaName): Law {
  const guards = [[name, replicaFlags.holdsL1]] as const;
  return law(`hits of L1 of ${name}`, { slots: [name], reads: ['origin'], guards }, (scene) => {
    const { origin } = scene;
    const entry = scene[name].partition.lookup(KEY, origin.now, boundOf(origin));
    return entry !== undefined && (entry.value as number) < floorOf(origin)
      ? `L1 of ${name} may serve v${entry.value} though v${floorOf(origin)} was acknowledged or read`
      : undefined;
  });
}

function sessionL1(name: ReplicaName, { property }: Scope): Law {
  const guards = [
    [name, replicaFlags.holdsL1],
    ['session', sessionFlags.idle],
  ] as const;
  return law(
    `the session's hits in L1 of ${name}`,
    { slots: [name], reads: ['session', 'origin'], guards },
    (scene) => {
      const { origin, session } = scene;
      const { partition } = scene[name];
      if (!partition.follows(seenBy(session))) return undefined;
      const entry = partition.lookup(KEY, origin.now, boundOf(origin));
      const floor = sessionFloor(session, property);
      return entry !== undefined && (entry.value as number) < floor
        ? `session hit in L1 of ${name} gives v${entry.value} after v${floor}`
        : undefined;
    },
  );
}

/** At rest: no writer is at work, and what the relay does is done. */
function rest(server: ServerName, writers: readonly WriterName[]) {
  const primary = server === 'P' ? netFlags.primaryP : netFlags.primaryQ;
  return [
    ['net', primary],
    [server, serverFlags.primary],
    ...writers.map((name) => [name, writerFlags.over] as const),
  ] as const;
}

function restingL2(server: ServerName, scope: Scope, writers: readonly WriterName[]): Law {
  const reads = ['origin', server] as const;
  return law(`L2 at ${server}`, { slots: [], reads, guards: rest(server, writers) }, (scene) => {
    const { origin } = scene;
    const { sim } = scene[server];
    const state = partitionOf(sim);
    if (state.meta?.id !== sim.replid || !relayed(origin, state.meta, scope)) return undefined;
    const held = state.keys.get(KEY);
    return acceptable(sim, state, held) && Number(held.payload) !== origin.version
      ? `at rest L2 holds v${held.payload}, origin v${origin.version}`
      : undefined;
  });
}

/** The replica finds the primary and beats, undisturbed; then its L1 is looked at. */
function restingL1(name: ReplicaName, server: ServerName, scope: Scope, writers: readonly WriterName[]): Law {
  const guards = [...rest(server, writers), [name, replicaFlags.holdsL1]] as const;
  return law(`L1 of ${name} with ${server}`, { slots: [name, server], reads: ['origin'], guards }, (scene) => {
    const { origin } = scene;
    if (!relayed(origin, metaOf(scene[server]), scope)) return undefined;
    const proved = beats(scene, name, server);
    const { partition } = scene[name];
    if (!proved) return `at rest ${name} finds no proof at ${server}`;
    const entry = partition.held(KEY, origin.now);
    return entry !== undefined && entry.value !== origin.version
      ? `at rest L1 of ${name} holds v${entry.value}, origin v${origin.version}`
      : undefined;
  });
}

function neverStuck(name: ReplicaName, server: ServerName): Law {
  const primary = server === 'P' ? netFlags.primaryP : netFlags.primaryQ;
  const guards = [
    ['net', primary],
    [server, serverFlags.primary],
  ] as const;
  return law(`${name} at ${server}`, { slots: [name, server], reads: ['origin'], guards }, (scene) => {
    const { epoch } = scene[name].partition;
    return beats(scene, name, server)
      ? undefined
      : `${name} can never use ${server} again, the only primary: it is in ${epoch}`;
  });
}

/** Every row is done in the epoch, or in the one that was blessed in it: a relay would still invalidate the others. */
function relayed({ rows }: Origin, meta: Meta | null, { outbox }: Scope): boolean {
  if (outbox === undefined) return true;
  if (meta === null) return false;
  const { epoch, blessed } = meta;
  return rows.every(({ done }) => done.has(epoch) || (blessed !== null && done.has(blessed)));
}

/** The replica connects to the server and beats until it has a proof; false if it never has. */
function beats(scene: Scene, name: ReplicaName, server: ServerName): boolean {
  const replica = scene[name];
  const { partition } = replica;
  if (replica.at !== server) partition.closed();
  for (let round = 0; round < ROUNDS; round++) {
    const machine = new Beat(partition);
    let effect = machine.start();
    while (effect.do !== 'end') {
      const sent = partition.sending(scene.origin.now);
      if (effect.do === 'beat') {
        const { applied } = partition;
        const reply = ask(scene, server, sent.epoch, (sim, caller) => beat(sim, caller, { replica: name, applied }));
        effect = machine.answered(sent, reply as BeatReply | EpochReply | Unreachable);
      } else {
        const { offered } = effect;
        effect = machine.renewed(
          sent,
          ask(scene, server, offered, (sim, caller) => renew(sim, caller, sent.epoch)),
        );
      }
    }
    if (effect.proved) return true;
  }
  return false;
}
