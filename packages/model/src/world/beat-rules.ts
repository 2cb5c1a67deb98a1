import type { Rule } from '../engine/system.ts';
import { partitionOf } from '../redis/index.ts';
import { beginBeat, executeBeat, type Page, pulseFlags, receiveBeat, wordsOfBeat, wordsOfBeaten } from './pulse.ts';
import { always, rule, type SceneMove } from './rules.ts';
import type { Scene } from './scene.ts';
import { type ReplicaName, type Scope, type ServerName, serversOf } from './scope.ts';

/** How one replica learns of invalidations: it pulls beats, and hears the bus. */
export function beatRules(name: ReplicaName, scope: Scope): Rule[] {
  const { faults = {}, outbox } = scope;
  const pulse = pulseName(name);
  const executes = (server: ServerName, flag: number) =>
    rule(
      `${server} executes beats of ${name}`,
      { slots: [pulse, server], reads: outbox === undefined ? [] : ['origin'], guards: [[pulse, flag]] },
      (scene) =>
        pages(scene, name, server, faults.trim === true, faults.page === true).map((found) => (changed) => {
          executeBeat(changed, name, server, found);
          return {
            words: `${wordsOfBeat(changed[pulse], server)}${found === 'first entry' ? ', the first of more' : ''}`,
          };
        }),
    );
  return [
    always(
      `beats of ${name}`,
      { slots: [pulse], reads: [name, 'origin'], guards: [[pulse, pulseFlags.resting]] },
      (changed) => {
        beginBeat(changed, name);
        const { epoch, applied } = changed[name].partition;
        return { words: `${name} sends BEAT (${epoch}, applied ${applied})` };
      },
    ),
    ...serversOf(scope).map((server) => executes(server, server === 'P' ? pulseFlags.atP : pulseFlags.atQ)),
    always(
      `answers to beats of ${name}`,
      { slots: [pulse, name], reads: ['origin'], guards: [[pulse, pulseFlags.answered]] },
      (changed) => {
        const { asks } = changed[pulse];
        const before = changed[name].partition.proofs.confirmedAt;
        receiveBeat(changed, name, scope);
        return { words: wordsOfBeaten(changed[name], asks, before) };
      },
    ),
    rule(`${name} hears the bus`, { slots: [name], reads: ['bus'] }, (scene) => hears(scene, name)),
  ];
}

/** Which slot holds the beats of a replica. */
export function pulseName(name: ReplicaName): 'pulseA' | 'pulseB' {
  return name === 'A' ? 'pulseA' : 'pulseB';
}

/** What the journal may hold when the beat comes: all, nothing any more, or more than one page takes. */
function pages(scene: Scene, name: ReplicaName, server: ServerName, trim: boolean, page: boolean): Page[] {
  const { asks } = scene[pulseName(name)];
  const { meta, journal } = partitionOf(scene[server].sim);
  const found: Page[] = ['whole'];
  if (asks === null || asks.effect.do !== 'beat' || meta === null || meta.epoch !== asks.sent.epoch) return found;
  const missing = journal.filter(({ clock }) => clock > asks.applied).length;
  if (trim && missing > 0) found.push('trimmed');
  if (page && missing > 1) found.push('first entry');
  return found;
}

/** Of another epoch, or applied already, a message changes nothing. */
function hears(scene: Scene, name: ReplicaName): SceneMove[] {
  const { partition } = scene[name];
  return scene.bus.messages.flatMap((message): SceneMove[] => {
    const { epoch, entry } = message;
    if (epoch !== partition.epoch || entry.clock <= partition.applied) return [];
    const what = `${epoch}:${entry.clock}`;
    return [
      (changed) => {
        changed[name].partition.heard(message);
        const inOrder = changed[name].partition.applied === entry.clock;
        const words = inOrder ? `${name} applies message ${what}` : `${name} gets message ${what} out of sequence`;
        return { words };
      },
    ];
  });
}
