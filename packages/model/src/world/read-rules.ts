import type { Rule, Told } from '../engine/system.ts';
import { boundOf, coveredAt, floorOf } from './origin.ts';
import {
  type Asks,
  arriveRead,
  beginRead,
  catchUpRead,
  executeRead,
  given,
  loadRead,
  type ReadLevel,
  receiveRead,
  wakeRead,
} from './reading.ts';
import { type Flight, oneStep, type Replica, replicaFlags } from './replica.ts';
import { rule, type SceneMove } from './rules.ts';
import type { Scene } from './scene.ts';
import { type Property, type ReplicaName, type Scope, type ServerName, serversOf } from './scope.ts';
import { KEY, LONG_MS } from './server.ts';
import { seenBy, sessionFlags, sessionFloor } from './session.ts';

/** What the reads of one replica can do. */
export function readRules(name: ReplicaName, scope: Scope): Rule[] {
  const { twoStepsAtP, twoStepsAtQ, oneStepAtP, oneStepAtQ, answered, paused } = replicaFlags;
  const reads = ['origin'] as const;
  // What these return is something that later ones may not fall behind.
  const noted = scope.property === 'strong' || scope.property === 'linearizable' || scope.forgets === true;
  const ending = noted ? ['origin' as const] : [];
  const looking = [...(noted ? [] : reads), ...(scope.forgets ? ['session' as const] : [])];
  return [
    rule(`reads begin at ${name}`, { slots: [name], reads, guards: [[name, replicaFlags.free]] }, (scene) =>
      begins(scene, name, scope),
    ),
    rule(`reads are joined at ${name}`, { slots: [name], reads, guards: [[name, replicaFlags.flying]] }, (scene) =>
      joins(scene, name, scope),
    ),
    ...serversOf(scope).flatMap((server) => [
      rule(
        `${server} executes for reads of ${name}`,
        {
          slots: [name, server],
          reads: scope.grain === 'coarse' ? reads : [],
          guards: [[name, server === 'P' ? twoStepsAtP : twoStepsAtQ]],
        },
        (scene) => executes(scene, name, server, scope),
      ),
      rule(
        `${server} executes and answers reads of ${name}`,
        {
          slots: [name, server, ...ending],
          reads: looking,
          guards: [[name, server === 'P' ? oneStepAtP : oneStepAtQ]],
        },
        (scene) => executesAndAnswers(scene, name, server, scope),
      ),
    ]),
    rule(
      `answers to reads of ${name}`,
      { slots: [name, ...ending], reads: looking, guards: [[name, answered]] },
      (scene) => receives(scene, name, scope),
    ),
    rule(`reads of ${name} go on`, { slots: [name, ...ending], reads: looking, guards: [[name, paused]] }, (scene) =>
      goesOn(scene, name, scope),
    ),
  ];
}

/** A session's reads: a hit in L1, a read in flight that it may join, or one of its own. */
export function sessionRules(name: ReplicaName, scope: Scope): Rule[] {
  const slots = [name, 'session'] as const;
  return [
    rule(
      `the session reads at ${name}`,
      {
        slots: scope.forgets ? [...slots, 'origin'] : slots,
        reads: scope.forgets ? [] : ['origin'],
        guards: [['session', sessionFlags.idle]],
      },
      (scene) => [
        ...sessionHits(scene, name, scope),
        ...sessionJoins(scene, name, scope),
        ...sessionBegins(scene, name, scope),
      ],
    ),
  ];
}

function levelOf(property: Property): ReadLevel {
  return property === 'strong' ? 'strong' : 'bounded';
}

function begins(scene: Scene, name: ReplicaName, scope: Scope): SceneMove[] {
  const slot = scene[name].flights.indexOf(null);
  const floor = scope.property === 'strong' || scope.property === 'linearizable' ? floorOf(scene.origin) : 0;
  const asks = { part: undefined, floor, session: null };
  const begin =
    (boundMs: number, how: string): SceneMove =>
    (changed) => {
      const wrong = beginRead(changed, scope, changed[name], slot, levelOf(scope.property), { ...asks, boundMs });
      return { words: `read begins${how} at ${name}, ${wordsOfStage(changed[name], slot)}`, wrong };
    };
  const moves = [begin(boundOf(scene.origin), '')];
  // A reader may ask for more than authority proves: then it reads by script.
  if (scope.lapses && scene[name].partition.authorityAt(scene.origin.now) !== undefined) {
    moves.push(begin(-1, ' without a bound'));
  }
  return moves;
}

function joins(scene: Scene, name: ReplicaName, scope: Scope): SceneMove[] {
  const { property } = scope;
  const { origin } = scene;
  const flight = joinable(scene, name);
  if (flight === undefined || !scene[name].partition.trusted(origin.now, boundOf(origin))) return [];
  if (property === 'linearizable') {
    const floor = floorOf(origin);
    if (floor <= flight.floor) return [];
    return [
      (changed) => {
        newestOf(changed[name]).floor = floor;
        return { words: `a reader joins the read at ${name} (after v${floor})` };
      },
    ];
  }
  const demand = coveredAt(origin, scene[name].partition.proofs.at);
  if ((property !== 'bounded' && property !== 'proved') || demand <= flight.demand) return [];
  return [
    (changed) => {
      newestOf(changed[name]).demand = demand;
      return { words: `a bounded reader joins the read at ${name} (demands v${demand})` };
    },
  ];
}

function executes(scene: Scene, name: ReplicaName, server: ServerName, scope: Scope): SceneMove[] {
  return asking(scene, name, server, scope, false).map((slot) => (changed) => {
    const words = executeRead(changed, name, slot, server, scope);
    if (scope.grain !== 'coarse' || bringsValue(changed[name], slot)) return { words };
    const wrong = receiveRead(changed, scope, changed[name], slot);
    // LEASE looks again at all that the read has looked at: as if they were one script.
    if (asksForLease(changed[name], slot)) {
      const then = executesAndReceives(changed, name, slot, server, scope);
      return { words: `${words}; ${then.words}`, wrong: wrong ?? then.wrong };
    }
    return { words: `${words}; ${wordsOfStage(changed[name], slot)}`, wrong };
  });
}

function asksForLease(replica: Replica, slot: number): boolean {
  const stage = replica.flights[slot]?.stage;
  return stage?.is === 'asking' && stage.effect.do === 'lease';
}

/** Only a value that arrives late is worth a step of its own: what else is there, LEASE will find as well. */
function bringsValue(replica: Replica, slot: number): boolean {
  const stage = replica.flights[slot]?.stage;
  const reply = stage?.is === 'asking' ? stage.reply : null;
  return reply?.is === 'value' || (reply?.is === 'text' && reply.text?.startsWith('V ') === true);
}

function executesAndAnswers(scene: Scene, name: ReplicaName, server: ServerName, scope: Scope): SceneMove[] {
  return asking(scene, name, server, scope, true).map(
    (slot) => (changed) => executesAndReceives(changed, name, slot, server, scope),
  );
}

function executesAndReceives(scene: Scene, name: ReplicaName, slot: number, server: ServerName, scope: Scope): Told {
  const executed = executeRead(scene, name, slot, server, scope);
  const wrong = receiveRead(scene, scope, scene[name], slot);
  return { words: `${executed}; ${wordsOfStage(scene[name], slot)}`, wrong };
}

/** The slots whose flight waits for this server to execute its request. */
function asking(scene: Scene, name: ReplicaName, server: ServerName, scope: Scope, inOneStep: boolean): number[] {
  return scene[name].flights.flatMap((flight, slot) => {
    if (flight?.stage.is !== 'asking') return [];
    const { reply, at, effect } = flight.stage;
    return reply === null && at === server && oneStep(effect, scope) === inOneStep ? slot : [];
  });
}

function receives(scene: Scene, name: ReplicaName, scope: Scope): SceneMove[] {
  return scene[name].flights.flatMap((flight, slot): SceneMove[] => {
    if (flight?.stage.is !== 'asking' || flight.stage.reply === null) return [];
    const what = flight.stage.effect.do.toUpperCase();
    return [
      (changed) => {
        const wrong = receiveRead(changed, scope, changed[name], slot);
        return { words: `${name} gets the answer to ${what}: ${wordsOfStage(changed[name], slot)}`, wrong };
      },
    ];
  });
}

function goesOn(scene: Scene, name: ReplicaName, scope: Scope): SceneMove[] {
  return scene[name].flights.flatMap((flight, slot): SceneMove[] => {
    const { version } = scene.origin;
    const told =
      (words: string, go: (changed: Scene) => string | undefined): SceneMove =>
      (changed) => {
        const wrong = go(changed);
        return { words: `${name} ${words}; ${wordsOfStage(changed[name], slot)}`, wrong };
      };
    switch (flight?.stage.is) {
      case 'loading':
        return [told(`loads v${version}`, (changed) => loadRead(changed, scope, changed[name], slot))];
      case 'loaded':
        return [told(`gets v${flight?.loaded}`, (changed) => arriveRead(changed, scope, changed[name], slot))];
      case 'waiting':
        return [
          told('looks again', (changed) => wakeRead(changed, scope, changed[name], slot, true)),
          told('has waited in vain', (changed) => wakeRead(changed, scope, changed[name], slot, false)),
        ];
      case 'catching up':
        return [told('caught up, or could not', (changed) => catchUpRead(changed, scope, changed[name], slot))];
      default:
        return [];
    }
  });
}

function sessionHits(scene: Scene, name: ReplicaName, scope: Scope): SceneMove[] {
  const { origin, session } = scene;
  const { partition } = scene[name];
  const entry = partition.follows(seenBy(session)) ? partition.lookup(KEY, origin.now, boundOf(origin)) : undefined;
  if (entry === undefined) return [];
  return [
    (changed) => {
      const version = entry.value as number;
      const floor = sessionFloor(session, scope.property);
      changed.then('session', {
        do: 'read',
        with: given(changed, scope, changed[name].partition, 'read', { version, stamp: entry.stamp }),
      });
      const wrong = version < floor ? `session hit in L1 of ${name} gives v${version} after v${floor}` : undefined;
      return { words: `session hit in L1 of ${name} returns v${version}`, wrong };
    },
  ];
}

function sessionJoins(scene: Scene, name: ReplicaName, { property }: Scope): SceneMove[] {
  const { origin, session } = scene;
  const { partition } = scene[name];
  const flight = joinable(scene, name);
  if (flight === undefined || flight.session !== null) return [];
  if (!partition.trusted(origin.now, boundOf(origin)) || !partition.follows(seenBy(session))) return [];
  return [
    (changed) => {
      newestOf(changed[name]).session = sessionFloor(session, property);
      changed.session.busy = true;
      return { words: `session read joins the read at ${name}` };
    },
  ];
}

function sessionBegins(scene: Scene, name: ReplicaName, scope: Scope): SceneMove[] {
  const { session } = scene;
  const slot = scene[name].flights.indexOf(null);
  if (slot < 0) return [];
  const asks: Asks = {
    part: seenBy(session),
    boundMs: LONG_MS,
    floor: 0,
    session: sessionFloor(session, scope.property),
  };
  return [
    (changed) => {
      changed.session.busy = true;
      const wrong = beginRead(changed, scope, changed[name], slot, 'session', asks);
      return { words: `session read begins at ${name}, ${wordsOfStage(changed[name], slot)}`, wrong };
    },
  ];
}

function joinable(scene: Scene, name: ReplicaName): Flight | undefined {
  const flight = scene[name].flights[scene[name].newest];
  return flight?.read.joinable() ? flight : undefined;
}

function newestOf(replica: Replica): Flight {
  return replica.flights[replica.newest] as Flight;
}

/** Where a read stands now, in a few words. */
function wordsOfStage(replica: Replica, slot: number): string {
  const stage = replica.flights[slot]?.stage;
  switch (stage?.is) {
    case undefined:
      return 'it ends';
    case 'asking':
      return `${stage.effect.do.toUpperCase()} sent (${stage.sent.epoch})`;
    default:
      return `it is ${stage?.is}`;
  }
}
