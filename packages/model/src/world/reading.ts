import type { Stamp } from '@lockstep/cache';
import { RESTARTS } from '@lockstep/cache/core/limits';
import { Read, type ReadEffect, type ReadOutcome } from '@lockstep/cache/core/read';
import type { ClockReply, FillReply, GetReply, LeaseReply, ReadReply, Unreachable } from '@lockstep/cache/core/replies';
import type { TokenPart } from '@lockstep/cache/core/token';
import { clock, fill, get, lease, read, release } from '../redis/index.ts';
import { boundOf, coveredAt, type Origin, tick } from './origin.ts';
import type { Asked, Flight, Replica, Stage } from './replica.ts';
import { wordsOfReply } from './reply-words.ts';
import type { Scene } from './scene.ts';
import type { ReplicaName, Scope, ServerName } from './scope.ts';
import { ask, KEY, LONG_MS, metaOf, TAG } from './server.ts';
import { type Given, isNews, merging } from './session.ts';

/**
 * Drives the core's `Read`, as the library's reader does: performs its effects, one step at a time, and judges what it
 * returns. A lease's token is fresh where it has to be: of two reads of one replica that are under way at once, and of two
 * replicas. One that has ended holds no FILL any more.
 */
const nonces = { next: '' };
const nonce = () => nonces.next;

/** Far more than the patience of any waiter. */
const PATIENCE_OVER = Number.POSITIVE_INFINITY;

export type ReadLevel = 'bounded' | 'session' | 'strong';

/** What a reader brings along. */
export interface Asks {
  readonly part: TokenPart | undefined;
  readonly boundMs: number;
  readonly floor: number;
  readonly session: number | null;
}

/** Begins a read below L1 in this slot. */
export function beginRead(
  scene: Scene,
  scope: Scope,
  replica: Replica,
  slot: number,
  level: ReadLevel,
  asks: Asks,
): string | undefined {
  const { origin } = scene;
  const request = {
    key: KEY,
    level,
    token: asks.part,
    boundMs: asks.boundMs,
    home: scope.writers.some(({ kind }) => kind === 's') ? ('cache' as const) : ('origin' as const),
    onUnproven: 'origin' as const,
    loadLimitMs: LONG_MS,
    bypass: false,
    nonce,
  };
  const machine = scope.without?.read?.(replica.partition, request) ?? new Read(replica.partition, request);
  // It may begin anew once where its epoch or connection changes, and goes to the origin then: more would be the same again.
  (machine as unknown as { restarts: number }).restarts = RESTARTS - 1;
  const stage: Stage = { is: 'waiting' };
  const { floor, session } = asks;
  replica.flights[slot] = { read: machine, stage, loaded: 0, demand: 0, floor, session };
  replica.newest = slot;
  return step(scene, scope, replica, slot, () => machine.start(origin.now));
}

/** The script that this flight asks for runs. */
export function executeRead(scene: Scene, name: ReplicaName, slot: number, server: ServerName, scope: Scope): string {
  const flight = scene[name].flights[slot] as Flight;
  const stage = flight.stage as Extract<Stage, { is: 'asking' }>;
  const reply = ask(scene, server, stage.sent.epoch, (sim, caller) => {
    const { effect } = stage;
    const key = KEY;
    switch (effect.do) {
      case 'get':
        return get(sim, caller, key);
      case 'read':
        return read(sim, caller, key);
      case 'lease':
        return lease(sim, caller, { key, token: effect.token });
      case 'fill': {
        const tags = scope.tagged ? [TAG] : [];
        const f = scope.without?.driver?.clockOfLease ? (metaOf(scene[server])?.clock ?? 0) : effect.lease.f;
        return fill(sim, caller, { key, token: effect.lease.token, f, tags, payload: `${flight.loaded}` });
      }
      case 'release':
        return release(sim, caller, { key, token: effect.lease.token });
      case 'clock':
        return clock(sim, caller);
    }
  });
  flight.stage = { ...stage, reply };
  return wordsOfReply(name, server, stage.effect, reply, flight.loaded);
}

/** Its answer arrives. */
export function receiveRead(scene: Scene, scope: Scope, replica: Replica, slot: number): string | undefined {
  const flight = replica.flights[slot] as Flight;
  const { effect, sent, reply } = flight.stage as Extract<Stage, { is: 'asking' }>;
  const machine = flight.read;
  const { now } = scene.origin;
  return step(scene, scope, replica, slot, () => {
    switch (effect.do) {
      case 'get':
        return machine.got(sent, reply as GetReply, now);
      case 'read':
        return machine.readBack(sent, reply as ReadReply, now);
      case 'lease':
        return machine.leased(sent, effect.token, reply as LeaseReply, now);
      case 'fill': {
        if ((reply as FillReply).is === 'stored') {
          const stamp = { partition: 0, epoch: effect.lease.epoch, clock: effect.lease.f };
          store(scene, scope, replica, flight, flight.loaded, effect.lease.f, stamp);
        }
        return machine.filled(sent, effect.lease, reply as FillReply);
      }
      case 'release':
        return machine.released(effect.error);
      case 'clock':
        return machine.clocked(sent, reply as ClockReply);
    }
  });
}

/** No answer will arrive. */
export function loseRead(
  scene: Scene,
  scope: Scope,
  replica: Replica,
  slot: number,
  error: Unreachable,
): string | undefined {
  const flight = replica.flights[slot] as Flight;
  const stage = flight.stage as Extract<Stage, { is: 'asking' }>;
  flight.stage = { ...stage, reply: error };
  return receiveRead(scene, scope, replica, slot);
}

/** The origin takes the snapshot of a load. Where neither epoch nor connection can change, its answer may as well be there. */
export function loadRead(scene: Scene, scope: Scope, replica: Replica, slot: number): string | undefined {
  const flight = replica.flights[slot] as Flight;
  flight.loaded = scene.origin.version;
  flight.read.loading(scene.origin.now);
  flight.stage = { is: 'loaded' };
  const { failover, flush, drop } = scope.faults ?? {};
  return failover || flush || drop ? undefined : arriveRead(scene, scope, replica, slot);
}

/** The answer arrives. */
export function arriveRead(scene: Scene, scope: Scope, replica: Replica, slot: number): string | undefined {
  const flight = replica.flights[slot] as Flight;
  return step(scene, scope, replica, slot, () => flight.read.loaded(true));
}

/** A waiter looks again, or has waited long enough. */
export function wakeRead(
  scene: Scene,
  scope: Scope,
  replica: Replica,
  slot: number,
  patience: boolean,
): string | undefined {
  const { read: machine } = replica.flights[slot] as Flight;
  return step(scene, scope, replica, slot, () => machine.woken(patience ? scene.origin.now : PATIENCE_OVER));
}

/** The replica has beaten meanwhile, or could not. */
export function catchUpRead(scene: Scene, scope: Scope, replica: Replica, slot: number): string | undefined {
  const { read: machine } = replica.flights[slot] as Flight;
  return step(scene, scope, replica, slot, () => machine.caughtUp(scene.origin.now));
}

function step(scene: Scene, scope: Scope, replica: Replica, slot: number, next: () => ReadEffect): string | undefined {
  nonces.next = `${replica.name}${slot}`;
  const flight = replica.flights[slot] as Flight;
  bound(replica, flight.read, boundOf(scene.origin));
  const effect = next();
  switch (effect.do) {
    case 'catchUp':
      flight.stage = { is: 'catching up' };
      return undefined;
    case 'wait':
      flight.stage = { is: 'waiting' };
      return undefined;
    case 'load':
      flight.stage = { is: 'loading' };
      if (!effect.leased && indifferent(flight, scope)) close(replica, slot);
      return undefined;
    case 'hit':
      return end(scene, scope, replica, slot, {
        version: effect.entry.value as number,
        stamp: effect.entry.stamp,
        provedAt: replica.partition.proofs.at,
        unproven: false,
      });
    case 'return':
      return returned(scene, scope, replica, slot, effect.outcome);
    case 'absent':
      return end(scene, scope, replica, slot, { version: 0, stamp: effect.stamp, provedAt: -1, unproven: true });
    case 'unproven':
    case 'fail':
      if (flight.session !== null) scene.then('session', { do: 'give up' });
      close(replica, slot);
      return undefined;
    default:
      flight.stage = sending(scene, replica, effect, scope);
      return undefined;
  }
}

/** What comes straight from the origin is as new as any of these may ask, and leaves nothing behind. */
function indifferent({ session }: Flight, { property, grain }: Scope): boolean {
  const judged = property === 'strong' || property === 'linearizable';
  return grain === 'coarse' && !judged && session === null;
}

/** How long ago S was changes with every step that lets time pass; who asks for more than can be proved goes on doing so. */
function bound({ partition }: Replica, machine: Read, ms: number): void {
  const { request } = machine as unknown as { request: { boundMs: number } };
  if (request.boundMs >= 0) request.boundMs = ms;
  (partition as { stalenessMs: number }).stalenessMs = ms;
}

/** FILL and RELEASE carry their lease's epoch. */
function sending(scene: Scene, replica: Replica, effect: Asked, { without }: Scope): Stage {
  const now = replica.partition.sending(scene.origin.now);
  const epoch = 'lease' in effect && !without?.driver?.epochOfLease ? effect.lease.epoch : now.epoch;
  return { is: 'asking', effect, at: replica.at, sent: { ...now, epoch }, reply: null };
}

function returned(
  scene: Scene,
  scope: Scope,
  replica: Replica,
  slot: number,
  { stored, stamp, provedAt, unproven }: ReadOutcome,
): string | undefined {
  const flight = replica.flights[slot] as Flight;
  const version = stored === null ? flight.loaded : Number(stored.payload);
  if (stored !== null && !unproven) store(scene, scope, replica, flight, version, stored.f, stamp);
  return end(scene, scope, replica, slot, { version, stamp, provedAt, unproven });
}

function store(
  { origin }: Scene,
  { tagged }: Scope,
  { partition }: Replica,
  { read: machine }: Flight,
  value: number,
  f: number,
  stamp: Stamp,
): void {
  const entry = { value, f, tags: tagged ? [TAG] : [], loadedAt: 0, expiresAt: LONG_MS, stamp };
  partition.store(machine, entry, origin.now);
}

interface Answer {
  readonly version: number;
  readonly stamp: Stamp;
  readonly provedAt: number;
  readonly unproven: boolean;
}

function end(scene: Scene, scope: Scope, replica: Replica, slot: number, answer: Answer): string | undefined {
  const flight = replica.flights[slot] as Flight;
  close(replica, slot);
  const { version } = answer;
  const { partition, name } = replica;
  if (flight.session !== null) {
    scene.then('session', { do: 'read', with: given(scene, scope, partition, 'read', answer) });
    if (version < flight.session) return `the session reads v${version} at ${name} after v${flight.session}`;
  }
  if (scope.property === 'strong' || scope.property === 'linearizable') {
    scene.origin.returned = Math.max(scene.origin.returned, version);
    if (version >= flight.floor) return undefined;
    return `a read at ${name} returns v${version} though v${flight.floor} was acknowledged or read before it began`;
  }
  return short(scope, scene.origin, flight, answer, name);
}

/** What a proof promises, to the reader itself and to those who joined. */
function short(
  { property }: Scope,
  origin: Origin,
  { demand }: Flight,
  { version, provedAt, unproven }: Answer,
  name: ReplicaName,
): string | undefined {
  if ((property !== 'bounded' && property !== 'proved') || unproven) return undefined;
  const asked = Math.max(demand, coveredAt(origin, provedAt));
  return version < asked ? `a read at ${name} returns v${version}, its readers may demand v${asked}` : undefined;
}

/** What the session is given; `past` as the library's tokens know it. */
export function given(
  scene: Scene,
  scope: Scope,
  partition: Replica['partition'],
  did: 'read' | 'wrote',
  { version, stamp }: { readonly version: number; readonly stamp: Stamp },
): Given {
  const { origin, session } = scene;
  const past = stamp.epoch === partition.epoch ? partition.past : [];
  const merged = () => merging(scope.without)(session.token, stamp, 0, past);
  const news = scope.forgets === true && isNews(session, did, version, merged(), scope);
  // There is a time of its own between what was before it and what came after it.
  const at = news ? tick(origin) : origin.now;
  return { news, version, stamp, past, at, split: origin.split };
}

function close(replica: Replica, slot: number): void {
  replica.partition.shut((replica.flights[slot] as Flight).read);
  replica.flights[slot] = null;
}
