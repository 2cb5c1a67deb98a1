import type { Rule, Told } from '../engine/system.ts';
import { partitionOf } from '../redis/index.ts';
import {
  askForRelay,
  beginRelay,
  flagsOfRelay,
  noteDone,
  queryForRelay,
  relayFlags,
  relayName,
  relayOf,
} from './relay-node.ts';
import { always, rule, type SceneMove } from './rules.ts';
import type { Scene } from './scene.ts';
import type { ReplicaName, Scope, ServerName } from './scope.ts';
import { KEY } from './server.ts';
import { writerFlags } from './writer.ts';
import type { WriterName } from './writing.ts';

/** What one relay can do. */
export function relayRules(on: ReplicaName, servers: readonly ServerName[], scope: Scope): Rule[] {
  const { resting, asking, querying } = relayFlags;
  const relay = relayName(on);
  const coarse = scope.grain === 'coarse';
  const waiting = coarse ? resting | asking : asking;
  return [
    ...(coarse ? [] : [begins(on, scope)]),
    ...servers.map((server) =>
      rule(
        `the relay of ${on} asks ${server}`,
        { slots: [relay, on, server, 'origin'], guards: [[relay, waiting]] },
        (scene) => (scene[on].at === server ? [(changed) => asks(changed, on, server, scope)] : []),
      ),
    ),
    always(
      `the relay of ${on} asks the origin`,
      { slots: [relay, 'origin'], reads: [on], guards: [[relay, querying]] },
      (changed) => ({ words: queryForRelay(changed, on, scope) }),
    ),
  ];
}

/** What happens to the outbox besides. */
export function outboxRules(servers: readonly ServerName[], scope: Scope, writers: readonly WriterName[]): Rule[] {
  return [
    ...(scope.purges ? [purges(servers, scope)] : []),
    ...(scope.ownMarks
      ? writers.map((name) =>
          always(`${name} notes`, { slots: [name, 'origin'], guards: [[name, writerFlags.toNote]] }, (changed) => {
            const { version, toNote } = changed[name];
            changed[name].toNote = null;
            if (toNote?.epoch) noteDone(changed.origin, version, toNote.epoch, toNote.clock);
            return { words: `${name} marks its row done in ${toNote?.epoch} at clock ${toNote?.clock}` };
          }),
        )
      : []),
  ];
}

function begins(on: ReplicaName, scope: Scope): Rule {
  return always(
    `the relay of ${on} begins`,
    { slots: [relayName(on)], reads: [on], guards: [[relayName(on), relayFlags.resting]] },
    (changed) => {
      beginRelay(changed, on, scope);
      return { words: `relay of ${on} begins a round in ${changed[on].partition.epoch}` };
    },
  );
}

/** In a coarse scope a round begins with its first question, and what was invalidated is noted in the same step. */
function asks(changed: Scene, on: ReplicaName, server: ServerName, scope: Scope): Told {
  const node = relayOf(changed, on);
  if (node.next === null) beginRelay(changed, on, scope);
  if (flagsOfRelay(node) !== relayFlags.asking) return { words: `relay of ${on} begins a round` };
  const words = askForRelay(changed, on, server);
  const notes = scope.grain === 'coarse' && node.next?.do === 'done';
  return { words: notes ? `${words}; ${queryForRelay(changed, on, scope)}` : words };
}

/** A row goes when it is done, and S + Q + longest lease + longest TTL later: no copy of what it invalidated is left. */
function purges(servers: readonly ServerName[], { l1, readers, without }: Scope): Rule {
  const replicas = [...new Set([...l1, ...readers])];
  return rule('rows are purged', { slots: ['origin'], reads: [...servers, ...replicas] }, (scene) =>
    scene.origin.rows.flatMap(({ version, done }): SceneMove[] => {
      const copies =
        servers.some((name) => oldInL2(scene, name, version)) || replicas.some((name) => oldAt(scene, name, version));
      if (done.size === 0 || (copies && !without?.driver?.purgeAfterCopies)) return [];
      return [
        (changed) => {
          changed.origin.rows = changed.origin.rows.filter((row) => row.version !== version);
          return { words: `the row of v${version} is purged` };
        },
      ];
    }),
  );
}

function oldInL2(scene: Scene, name: ServerName, version: number): boolean {
  const held = partitionOf(scene[name].sim).keys.get(KEY);
  return held?.is === 'lease' || (held?.is === 'value' && Number(held.payload) < version);
}

function oldAt(scene: Scene, name: ReplicaName, version: number): boolean {
  const { partition, flights } = scene[name];
  const entry = partition.l1.peek(KEY);
  return flights.some((flight) => flight !== null) || (entry !== undefined && (entry.value as number) < version);
}
