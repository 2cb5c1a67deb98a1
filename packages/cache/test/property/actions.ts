import { flushAll, persist, promote } from '@lockstep/model/redis';
import fc from 'fast-check';
import type { Level } from '../../src/cache.ts';
import type { Key, Mechanisms } from './surroundings.ts';
import { World } from './world.ts';

/** The longest that one test's search may take, ms: seconds on an idle machine, many times that on a slow or shared one. */
export const SEARCH_MS = 600_000;

/** One step of a run. `whole` lets what it begins end before the next step; without it every step of it is chosen. */
export type Action =
  | { readonly do: 'read'; readonly on: number; readonly key: Key; readonly level: Level; readonly whole: boolean }
  | { readonly do: 'write'; readonly on: number; readonly key: 'product' | 'plain'; readonly whole: boolean }
  | { readonly do: 'beat'; readonly on: number; readonly whole: boolean }
  | { readonly do: 'execute'; readonly on: number }
  | { readonly do: 'deliver'; readonly on: number; readonly overtaken: number }
  | { readonly do: 'hear'; readonly on: number; readonly how: 'deliver' | 'lose' | 'repeat' | 'later' }
  | { readonly do: 'close'; readonly on: number; readonly executed: boolean; readonly late: boolean }
  | { readonly do: 'origin'; readonly which: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'restart'; readonly lose: boolean }
  | { readonly do: 'persist' | 'flushAll' | 'promote' };

/** Performs the actions, lets the world converge, and answers what was violated. */
export function run(actions: readonly Action[], replicas: number, mechanisms: Mechanisms = {}): readonly string[] {
  const world = new World(replicas, mechanisms);
  // A quarantine at the start would leave nothing to cache in a short run.
  for (const replica of world.replicas) replica.beat(true);
  world.tick(60);
  for (const replica of world.replicas) replica.beat(true);
  for (const action of actions) perform(world, action);
  world.converge();
  return world.violations;
}

function perform(world: World, action: Action): void {
  const replica = 'on' in action ? world.replicas[action.on % world.replicas.length] : undefined;
  switch (action.do) {
    case 'read':
      replica?.read(action.key, action.level, action.whole);
      break;
    case 'write':
      replica?.write(action.key, action.whole);
      break;
    case 'beat':
      replica?.beat(action.whole);
      break;
    case 'execute':
      replica?.wire.execute();
      break;
    case 'deliver':
      replica?.wire.deliver(action.overtaken);
      break;
    case 'hear':
      replica?.hear(action.how);
      break;
    case 'close':
      replica?.close(action.executed, action.late);
      break;
    case 'origin':
      world.origin.splice(action.which % Math.max(1, world.origin.length), 1)[0]?.();
      break;
    case 'tick':
      world.tick(action.ms);
      break;
    case 'restart':
      world.restart(action.lose);
      break;
    case 'persist':
      persist(world.redis);
      break;
    case 'flushAll':
      flushAll(world.redis);
      break;
    case 'promote':
      promote(world.redis, world.nonce());
  }
}

/** What a search tries: a narrower one reaches further with as many runs. */
export interface Search {
  readonly length: number;
  /** How often Redis loses data, restarts, is flushed or promoted, among some 200 other steps; 0 for never. */
  readonly faults: number;
  readonly keys: readonly Key[];
}

const on = fc.nat({ max: 2 });
const whole = fc.constantFrom(true, true, false);
const either = fc.boolean();

function step<A extends Action['do']>(name: A, fields: object = {}) {
  return fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Action>;
}

export function actions({ length, faults, keys }: Search): fc.Arbitrary<Action[]> {
  const written = keys.filter((key) => key !== 'list');
  const level = fc.constantFrom<Level>('bounded', 'strong');
  const read = step('read', { on, key: fc.constantFrom(...keys), level: fc.constant('bounded'), whole });
  // Only what is written by `mutate`, and not read by tag, is promised to strong readers.
  const strong = step('read', { on, key: fc.constant('product'), level, whole });
  const weighted = [
    { weight: 32, arbitrary: keys.includes('product') ? fc.oneof(read, strong) : read },
    { weight: 20, arbitrary: step('write', { on, key: fc.constantFrom(...written), whole }) },
    { weight: 20, arbitrary: step('beat', { on, whole }) },
    { weight: 32, arbitrary: step('execute', { on }) },
    { weight: 28, arbitrary: step('deliver', { on, overtaken: fc.constantFrom(0, 0, 0, 1, 2) }) },
    {
      weight: 24,
      arbitrary: step('hear', { on, how: fc.constantFrom('deliver', 'deliver', 'lose', 'repeat', 'later') }),
    },
    { weight: 24, arbitrary: step('origin', { which: fc.nat({ max: 3 }) }) },
    { weight: 24, arbitrary: step('tick', { ms: fc.constantFrom(1, 10, 30, 60, 101) }) },
    { weight: 2, arbitrary: step('close', { on, executed: either, late: either }) },
  ];
  const disasters = [
    { weight: faults, arbitrary: step('restart', { lose: either }) },
    { weight: faults, arbitrary: step('persist') },
    { weight: faults, arbitrary: fc.oneof(step('flushAll'), step('promote')) },
  ];
  const all = fc.oneof(...weighted, ...(faults > 0 ? disasters : []));
  return fc.array(all, { minLength: 1, maxLength: length, size: 'max' });
}
