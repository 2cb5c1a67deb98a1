import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, LinkRole } from '@lockstep/cluster/control';
import type { Control } from '../cluster/control.ts';
import { ask } from '../observe/ask.ts';
import { Refusal } from '../refusal.ts';
import type { FaultKind } from '../shared/state.ts';
import { redisSays } from './redis.ts';
import { crashWriter } from './writer-crash.ts';

/** What faults act on. Null is what cannot be reached from here. */
export interface Scene {
  readonly control: Control | null;
  readonly redisUrl: string | null;
  readonly databaseUrl: string;
  /** nginx. */
  readonly clusterUrl: string;
  replicas(): readonly string[];
  urlOf(replica: string): string | null;
  /** A product of the matrix, for faults that write one. */
  readonly victimId: number;
  /** A write has been sent that nobody will acknowledge. */
  unacknowledged(id: number, start: number): void;
}

export interface FaultOrder {
  readonly target: string;
  readonly holdMs: number;
  /** Of what is late, ms. */
  readonly ms: number;
  /** Of what is lost, 0 to 1. */
  readonly share: number;
  readonly loseData: boolean;
  /** The product that is written, where one is. */
  readonly id: number;
}

/** A fault that has begun. */
export interface Begun {
  /** Ends it; may be called more than once. Null: it ends by itself and cannot be hurried. */
  readonly heal: (() => Promise<unknown>) | null;
  /** Settles when it is over by itself; without it, it is over when healed. */
  readonly over?: Promise<unknown>;
}

export interface FaultType {
  /** Who it can be done to. */
  readonly on: 'replica' | 'redis' | 'replicas' | 'replica or postgres';
  readonly needs: 'control' | 'redis';
  /** What it takes hold of: two faults cannot hold the same part of one target, or healing one would heal the other. */
  readonly holds: readonly (LinkRole | 'process' | 'redis' | 'moment')[];
  readonly words: (order: FaultOrder) => string;
  readonly begin: (scene: Scene, order: FaultOrder) => Promise<Begun>;
}

/** How long nginx may take to turn to a replica that is back, ms, and how often it is asked. */
const REACHED_MS = 15_000;
const REACHED_LOOK_MS = 25;
const CONTROL_MISSING = 'there is no launcher here that could do that';

const FLUSH = ['FLUSHALL'] as const;
const KILL_SUBSCRIBERS = ['CLIENT', 'KILL', 'TYPE', 'pubsub'] as const;

/** What is said to Redis itself, which may not let everybody say it. */
export const REDIS_COMMANDS: ReadonlyMap<FaultKind, readonly string[]> = new Map<FaultKind, readonly string[]>([
  ['flushall', FLUSH],
  ['kill-subscribers', KILL_SUBSCRIBERS],
]);

export const CATALOGUE: Readonly<Record<FaultKind, FaultType>> = {
  kill: {
    on: 'replica',
    needs: 'control',
    holds: ['process'],
    words: ({ target }) => `${target} is killed, and started again`,
    begin: async (scene, { target, holdMs }) =>
      byItself(controlOf(scene).restart(target, { kill: true, downMs: holdMs })),
  },
  pause: {
    on: 'replica',
    needs: 'control',
    holds: ['process'],
    words: ({ target }) => `${target} stands still, and does not know it`,
    begin: async (scene, { target }) => {
      await controlOf(scene).signal(target, 'SIGSTOP');
      return { heal: () => controlOf(scene).signal(target, 'SIGCONT') };
    },
  },
  'cut-bus': link(
    'bus',
    () => ({ kind: 'down' }),
    ({ target }) => `${target} is cut off from invalidations`,
  ),
  'blackhole-bus': link(
    'bus',
    () => ({ kind: 'blackhole' }),
    ({ target }) => `${target} hears no invalidation, on a connection that looks alive`,
  ),
  'cut-command': link(
    'command',
    () => ({ kind: 'down' }),
    ({ target }) => `${target} cannot ask Redis anything`,
  ),
  'delay-bus': link(
    'bus',
    ({ ms }) => ({ kind: 'latency', ms }),
    ({ target, ms }) => `${target} hears invalidations ${ms} ms late`,
  ),
  'lose-messages': link(
    'bus',
    ({ share }) => ({ kind: 'lose', share }),
    ({ target, share }) => `${target} loses ${Math.round(share * 100)} % of the invalidations`,
  ),
  'restart-redis': {
    on: 'redis',
    needs: 'control',
    holds: ['redis'],
    words: ({ loseData }) => `Redis is restarted${loseData ? ' and has forgotten everything' : ''}`,
    begin: async (scene, { holdMs, loseData }) =>
      byItself(controlOf(scene).restart('redis', { kill: true, downMs: holdMs, loseData })),
  },
  flushall: redis('Redis is emptied: FLUSHALL', FLUSH),
  'kill-subscribers': redis('Redis drops every subscriber: CLIENT KILL', KILL_SUBSCRIBERS),
  'slow-origin': {
    on: 'replica or postgres',
    needs: 'control',
    holds: ['origin'],
    words: ({ target, ms }) => `${target === 'postgres' ? 'Postgres' : `${target}'s Postgres`} is ${2 * ms} ms slower`,
    begin: async (scene, { target, ms }) => {
      const control = controlOf(scene);
      const on = target === 'postgres' ? [...scene.replicas()] : [target];
      const set = (fault: Fault | null) => Promise.all(on.map((replica) => control.link(replica, 'origin', fault)));
      await set({ kind: 'latency', ms });
      return { heal: () => set(null) };
    },
  },
  'writer-crash': {
    on: 'replica',
    needs: 'control',
    holds: ['process', 'command'],
    words: ({ target, id }) => `${target} commits product ${id}, and dies before it can tell anybody`,
    begin: async (scene, { target, id }) => {
      const url = scene.urlOf(target);
      if (url === null) throw new Refusal(409, `${target} cannot be reached directly`);
      const { databaseUrl } = scene;
      const begun = (start: number) => scene.unacknowledged(id, start);
      await crashWriter({ control: controlOf(scene), databaseUrl, replica: target, url, id, begun });
      return { heal: null };
    },
  },
  'rolling-restart': {
    on: 'replicas',
    needs: 'control',
    holds: ['process'],
    words: () => 'the replicas are restarted, one after the other',
    begin: async (scene) => byItself(restartAll(scene)),
  },
};

/**
 * The next one only when nginx turns to the last one again: else it might have nobody to turn to. Nor the first one at once,
 * as the others may just have been restarted themselves, by a change of the protocol for example.
 */
async function restartAll(scene: Scene): Promise<void> {
  const control = controlOf(scene);
  const replicas = scene.replicas();
  const others = replicas.slice(1);
  if (others.length > 0) await reachedBy(scene.clusterUrl, others);
  for (const replica of replicas) {
    await control.restart(replica);
    await reachedBy(scene.clusterUrl, [replica]);
  }
}

/** Rejects when nginx has not given one of them a request in time. */
async function reachedBy(clusterUrl: string, replicas: readonly string[]): Promise<void> {
  const since = performance.now();
  for (;;) {
    const answer = await ask(`${clusterUrl}/livez`, { limitMs: REACHED_MS });
    if (replicas.includes(answer?.headers['x-served-by'] ?? '')) return;
    if (performance.now() - since > REACHED_MS)
      throw new Error(`nginx does not turn to ${replicas.join(' or ')} again`);
    await pause(REACHED_LOOK_MS);
  }
}

function byItself(over: Promise<unknown>): Begun {
  return { heal: null, over };
}

function link(role: LinkRole, fault: (order: FaultOrder) => Fault, words: FaultType['words']): FaultType {
  return {
    on: 'replica',
    needs: 'control',
    holds: [role],
    words,
    begin: async (scene, order) => {
      await controlOf(scene).link(order.target, role, fault(order));
      return { heal: () => controlOf(scene).link(order.target, role, null) };
    },
  };
}

function redis(words: string, [command = '', ...args]: readonly string[]): FaultType {
  return {
    on: 'redis',
    needs: 'redis',
    holds: ['moment'],
    words: () => words,
    begin: async ({ redisUrl }) => {
      if (redisUrl === null) throw new Refusal(409, 'Redis cannot be reached from here');
      await redisSays(redisUrl, command, ...args);
      return { heal: null };
    },
  };
}

function controlOf({ control }: Scene): Control {
  if (control === null) throw new Refusal(409, CONTROL_MISSING);
  return control;
}
