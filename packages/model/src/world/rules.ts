import type { Guard, Law, Move, Rule, Told, View } from '../engine/system.ts';
import type { Scene, SlotName } from './scene.ts';

/** Rules and laws in the words of the world: what the engine calls a view is a scene here. */

export type SceneMove = (scene: Scene) => Told;

export interface On {
  /** What may change, and what is only read. */
  readonly slots: readonly SlotName[];
  readonly reads?: readonly SlotName[];
  readonly guards?: readonly (readonly [slot: SlotName, any: number])[];
}

/** What the components in question allow. */
export function rule(name: string, on: On, moves: (scene: Scene) => SceneMove[]): Rule {
  return { ...placed(name, on), moves: (view) => moves(sceneOf(view)).map(moved) };
}

/** What can always happen where the guards hold. */
export function always(name: string, on: On, move: SceneMove): Rule {
  return { ...placed(name, on), moves: [moved(move)] };
}

export function law(name: string, on: On, judge: (scene: Scene) => string | undefined): Law {
  return { ...placed(name, on), judge: (view) => judge(sceneOf(view)) };
}

function placed(name: string, { slots, reads = [], guards = [] }: On) {
  return { name, slots, reads, guards: guards.map(guard) };
}

function moved(move: SceneMove): Move {
  return (view) => move(sceneOf(view));
}

function guard([slot, any]: readonly [SlotName, number]): Guard {
  return { slot, any };
}

function sceneOf(view: View): Scene {
  return view as unknown as Scene;
}
