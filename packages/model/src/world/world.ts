import type { Slot, System } from '../engine/system.ts';
import { beatRules, pulseName } from './beat-rules.ts';
import { type Bus, performOnBus } from './bus.ts';
import { connectionRules } from './connection-rules.ts';
import { faultRules } from './fault-rules.ts';
import { lawsOf } from './laws.ts';
import { flagsOfNet, openNet } from './net.ts';
import { openOrigin, performOnOrigin } from './origin.ts';
import { flagsOfPulse, openPulse, type Pulse, tidyPulse } from './pulse.ts';
import { readRules, sessionRules } from './read-rules.ts';
import { flagsOfRelay, openRelay, relayName } from './relay-node.ts';
import { outboxRules, relayRules } from './relay-rules.ts';
import { flagsOfReplica, type Replica } from './replica.ts';
import type { Scene } from './scene.ts';
import { type ReplicaName, relaysOf, type Scope, serversOf } from './scope.ts';
import { flagsOfServer, type Server, simOptions, tidyServer } from './server.ts';
import { flagsOfSession, performOnSession, type Session } from './session.ts';
import { startOf } from './start.ts';
import { tidyReplica } from './tidy.ts';
import { writeRules } from './write-rules.ts';
import { flagsOfWriter, tidyWriter, type Writer } from './writer.ts';
import { openWriter, type WriterName } from './writing.ts';

const REPLICAS: readonly ReplicaName[] = ['A', 'B'];
const WRITERS: readonly WriterName[] = ['W0', 'W1'];
/** In place of what is the same in all states. */
const TIED = null as never;

/** Everything that can happen in a scope, and what must hold in it. */
export function worldOf(scope: Scope): System {
  const options = simOptions(scope);
  const replicas = REPLICAS.filter((name) => used(scope, name));
  const writers = WRITERS.slice(0, scope.writers.length);
  const start = startOf(scope, replicas);
  const servers = serversOf(scope);
  const slots: Slot[] = [
    ...servers.map((name) => ({
      name,
      start: start[name],
      flags: flagsOfServer,
      tidy: (server: Server) => tidyServer(server, scope),
    })),
    ...replicas.map((name) => ({
      name,
      start: start[name],
      flags: (replica: Replica) => flagsOfReplica(replica, scope),
      tidy: (replica: Replica) => tidyReplica(replica, scope),
    })),
    ...scope.l1.map((name) => ({
      name: pulseName(name),
      start: openPulse(name),
      flags: flagsOfPulse,
      tidy: (pulse: Pulse) => tidyPulse(pulse, scope),
    })),
    ...writers.map((name, at) => {
      const of = scope.writers[at] as Scope['writers'][number];
      return {
        name,
        start: openWriter(name, of, scope, start[of.on].partition),
        flags: flagsOfWriter,
        tidy: tidyWriter,
      };
    }),
    { name: 'origin', start: openOrigin(), perform: performOnOrigin },
    { name: 'bus', start: { messages: [] } satisfies Bus, perform: performOnBus },
    { name: 'net', start: openNet(scope.faults ?? {}), flags: flagsOfNet },
    ...(scope.session === undefined ? [] : [sessionSlot(scope)]),
    ...relaysOf(scope).map((name) => ({ name: relayName(name), start: openRelay(name), flags: flagsOfRelay })),
  ];
  const link = (view: unknown) => {
    const scene = view as Partial<Scene>;
    for (const name of servers) if (scene[name]) untied(scene[name].sim).options = options;
    tie(scene, (of) => scene[of]?.partition);
  };
  const unlink = (view: unknown) => {
    const scene = view as Partial<Scene>;
    for (const name of servers) if (scene[name]) untied(scene[name].sim).options = TIED;
    tie(scene, () => TIED);
  };
  unlink(Object.fromEntries(slots.map(({ name, start: component }) => [name, component])));
  return {
    slots,
    rules: [
      ...replicas.flatMap((name) => (scope.readers.includes(name) ? readRules(name, scope) : [])),
      ...(scope.session ?? []).flatMap((name) => sessionRules(name, scope)),
      ...scope.l1.flatMap((name) => beatRules(name, scope)),
      ...writers.flatMap((name, at) => writeRules(name, scope.writers[at] as Scope['writers'][number], scope)),
      ...replicas.flatMap((name) =>
        connectionRules(
          name,
          scope,
          writers.filter((_, at) => scope.writers[at]?.on === name),
        ),
      ),
      ...relaysOf(scope).flatMap((name) => relayRules(name, servers, scope)),
      ...(scope.outbox === undefined ? [] : outboxRules(servers, scope, writers)),
      ...faultRules(scope, writers),
    ],
    laws: lawsOf(scope, writers),
    link,
    unlink,
  };
}

function used(scope: Scope, name: ReplicaName): boolean {
  const { l1, readers, writers } = scope;
  return [...l1, ...readers, ...relaysOf(scope), ...writers.map(({ on }) => on)].includes(name);
}

function sessionSlot(scope: Scope): Slot {
  const start: Session = {
    token: [],
    wrote: 0,
    read: 0,
    busy: false,
    forgets: 1,
  };
  return {
    name: 'session',
    start,
    flags: flagsOfSession,
    perform: (session: Session, operation: Parameters<typeof performOnSession>[1]) =>
      performOnSession(session, operation, scope),
  };
}

/** The machines of writers and pulses point at their replica's partition, which is another component. */
function tie(scene: Partial<Scene>, partitionOf: (of: ReplicaName) => unknown): void {
  for (const pulse of [scene.pulseA, scene.pulseB]) {
    if (pulse?.beat) untied(pulse.beat as unknown as { partition: unknown }).partition = partitionOf(pulse.of);
  }
  for (const node of [scene.relayA, scene.relayB]) {
    if (node?.relay) untied(node.relay as unknown as { partition: unknown }).partition = partitionOf(node.on);
  }
  for (const writer of [scene.W0, scene.W1] as (Writer | undefined)[]) {
    if (writer?.write) untied(writer.write as unknown as { partition: unknown }).partition = partitionOf(writer.on);
  }
}

function untied<T>(value: T): { -readonly [K in keyof T]: T[K] } {
  return value;
}
