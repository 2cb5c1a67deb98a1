import { Beat, type BeatEffect } from '@lockstep/cache/core/beat';
import type { BeatReply, EpochReply, Sent, Unreachable } from '@lockstep/cache/core/replies';
import { beat, partitionOf, renew, type SimServer, trimJournal } from '../redis/index.ts';
import type { Origin } from './origin.ts';
import type { Scene } from './scene.ts';
import type { ReplicaName, Scope, ServerName } from './scope.ts';
import { ask } from './server.ts';
import { tidyBeat } from './tidy.ts';

type Question = Extract<BeatEffect, { do: 'beat' | 'renew' }>;

/** The beats of one replica: a round of the core's `Beat`, or none. */
export interface Pulse {
  readonly of: ReplicaName;
  beat: Beat | null;
  asks: {
    readonly effect: Question;
    readonly at: ServerName;
    readonly sent: Sent;
    readonly applied: number;
    reply: BeatReply | EpochReply | Unreachable | null;
  } | null;
}

export const pulseFlags = { resting: 1, atP: 2, atQ: 4, answered: 8 } as const;

/** What a beat may find besides the whole journal. */
export type Page = 'whole' | 'trimmed' | 'first entry';

export function openPulse(of: ReplicaName): Pulse {
  return { of, beat: null, asks: null };
}

export function flagsOfPulse({ asks }: Pulse): number {
  if (asks === null) return pulseFlags.resting;
  if (asks.reply !== null) return pulseFlags.answered;
  return asks.at === 'P' ? pulseFlags.atP : pulseFlags.atQ;
}

/** A round is bounded by its pages, far beyond the journals of a model: how many it had is no part of the state. */
export function tidyPulse(pulse: Pulse, scope: Scope): void {
  if (pulse.beat === null) return;
  (pulse.beat as unknown as { steps: number }).steps = 0;
  const { asks } = pulse;
  if (asks !== null) pulse.asks = { ...asks, sent: tidyBeat(asks.sent, scope) };
}

/** The scene that a pulse acts in: itself and its replica. */
function pulseOf(scene: Scene, name: ReplicaName): Pulse {
  return name === 'A' ? scene.pulseA : scene.pulseB;
}

export function beginBeat(scene: Scene, name: ReplicaName): void {
  const pulse = pulseOf(scene, name);
  pulse.beat = new Beat(scene[name].partition);
  proceed(scene, pulse, pulse.beat.start());
}

/** RENEW carries the epoch that it is to replace, a beat the replica's own. */
export function executeBeat(scene: Scene, name: ReplicaName, server: ServerName, found: Page): void {
  const pulse = pulseOf(scene, name);
  const { asks } = pulse;
  if (asks === null) return;
  const { effect, applied, sent } = asks;
  const epoch = effect.do === 'renew' ? effect.offered : sent.epoch;
  const reply = ask(scene, server, epoch, (sim, caller) => {
    if (effect.do === 'renew') return renew(sim, caller, sent.epoch);
    if (scene.origin !== undefined) numberBeats(sim, scene.origin);
    const answer = () => beat(sim, caller, { replica: name, applied });
    const told = found === 'trimmed' ? trimmed(sim, answer) : answer();
    dateRow(sim, name, sent.at);
    return told;
  });
  pulse.asks = { ...asks, reply: found === 'first entry' ? firstEntry(reply) : reply };
}

export function receiveBeat(scene: Scene, name: ReplicaName, { without }: Scope): void {
  const pulse = pulseOf(scene, name);
  const { beat: machine, asks } = pulse;
  if (machine === null || asks === null || asks.reply === null) return;
  const { effect, reply } = asks;
  const sent = without?.driver?.proofFromSending ? { ...asks.sent, at: scene.origin.now } : asks.sent;
  proceed(
    scene,
    pulse,
    effect.do === 'beat' ? machine.answered(sent, reply) : machine.renewed(sent, reply as EpochReply | Unreachable),
  );
}

export function loseBeat(scene: Scene, name: ReplicaName, error: Unreachable, scope: Scope): void {
  const pulse = pulseOf(scene, name);
  if (pulse.asks === null) return;
  pulse.asks = { ...pulse.asks, reply: error };
  receiveBeat(scene, name, scope);
}

function proceed(scene: Scene, pulse: Pulse, effect: BeatEffect): void {
  if (effect.do === 'end') {
    pulse.beat = null;
    pulse.asks = null;
    return;
  }
  const { at, partition } = scene[pulse.of];
  const sent = partition.sending(scene.origin.now);
  pulse.asks = { effect, at, sent, applied: partition.applied, reply: null };
}

/**
 * Numbers of beats grow for ever, and what they tell apart is which commits came before. So all beats between two commits
 * get the same number: a relay that read it takes its snapshot after the last of these commits, as after those before.
 */
function numberBeats(sim: SimServer, { version }: Origin): void {
  const state = partitionOf(sim);
  if (state.meta !== null) state.meta = { ...state.meta, probe: version };
}

/** A row tells when its beat was sent, in local time: no proof of its replica is younger. */
function dateRow(sim: SimServer, name: ReplicaName, at: number): void {
  const state = partitionOf(sim);
  const row = state.replicas.get(name);
  if (row !== undefined) state.replicas = new Map(state.replicas).set(name, { ...row, at });
}

/** The journal as it is for one beat that comes too late for it. */
function trimmed<R>(sim: SimServer, answer: () => R): R {
  const { journal } = partitionOf(sim);
  trimJournal(sim);
  const reply = answer();
  partitionOf(sim).journal = journal;
  return reply;
}

function firstEntry(reply: BeatReply | EpochReply | Unreachable): BeatReply | EpochReply | Unreachable {
  return reply.is === 'beat' && reply.page !== 'trimmed' ? { ...reply, page: reply.page.slice(0, 1) } : reply;
}

export function wordsOfBeat({ of, asks }: Pulse, server: ServerName): string {
  const reply = asks?.reply;
  const what = `${asks?.effect.do === 'renew' ? 'RENEW' : 'BEAT'} of ${of} executes at ${server}`;
  switch (reply?.is) {
    case 'beat': {
      const pages =
        reply.page === 'trimmed' ? ', trimmed' : reply.page.length > 1 ? `, ${reply.page.length} entries` : '';
      const proofs = reply.probe > 0 ? `, probe ${reply.probe} proved ${reply.proved}` : '';
      return `${what}: clock ${reply.clock}${pages}${proofs}`;
    }
    case 'epoch':
      return `${what}: EPOCH ${reply.epoch} clock ${reply.clock}`;
    default:
      return `${what}: no answer`;
  }
}

/** What an answer has made of its replica. */
export function wordsOfBeaten({ name, partition }: Scene['A'], asks: Pulse['asks'], confirmedBefore: number): string {
  const reply = asks?.reply;
  if (reply?.is === 'epoch')
    return `${name} gets EPOCH ${reply.epoch}: in ${partition.epoch}, applied ${partition.applied}`;
  if (reply?.is !== 'beat') return `${name} gets no answer to its beat`;
  const trimmed = reply.page === 'trimmed' ? ' trimmed: flush' : '';
  const confirmed = partition.proofs.confirmedAt > confirmedBefore ? ': confirmed' : '';
  return `${name} gets BEAT reply clock ${reply.clock}${trimmed}${confirmed}, applied ${partition.applied}`;
}
