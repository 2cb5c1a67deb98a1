import {
  type Caller,
  drain,
  type Meta,
  openServer,
  type PartitionState,
  partitionOf,
  type SimOptions,
  type SimServer,
} from '../redis/index.ts';
import type { Scene } from './scene.ts';
import type { Scope, ServerName } from './scope.ts';

/** The key whose versions are followed, another one, and the tag of the first. */
export const KEY = 'k';
export const OTHER = 'k2';
export const TAG = 't';

/** One Redis. There is no clock in it: what time would bring, an expiry, the end of a quarantine, is a step of its own. */
export interface Server {
  readonly sim: SimServer;
  /** Epochs begun under the present `replid`, so that the next one gets another name. */
  begun: number;
}

export const serverFlags = {
  primary: 1,
  deposed: 2,
  down: 4,
  value: 8,
  lease: 16,
  mark: 32,
  young: 64,
  tags: 128,
} as const;

/** Any time of Redis that a step takes is this one; quarantines and lives end by steps only. */
const NOW = 0;
/** Longer than any local time of the model, so that only steps end what has a life. */
export const LONG_MS = 1_000_000;

/** What callers of scripts send along. */
export function simOptions({ property, without }: Scope): SimOptions {
  const { options } = openServer('', {
    markMs: LONG_MS,
    beyondMarkMs: 1,
    l2TtlMs: LONG_MS,
    loadLimitMs: LONG_MS,
    leaseMs: property === 'linearizable' ? LONG_MS : 0,
    rowAgeMs: LONG_MS,
    without: without?.redis ?? {},
  });
  return options;
}

/** Runs a script as a caller of this epoch would; what it publishes is on the bus. */
export function ask<R>(scene: Scene, name: ServerName, epoch: string, run: (sim: SimServer, caller: Caller) => R): R {
  const server = scene[name];
  const { sim } = server;
  const nonce = `e${sim.replid}${'bcdefgh'.slice(0, server.begun).slice(-1)}`;
  const reply = run(sim, { epoch, nonce, now: NOW });
  if (partitionOf(sim).meta?.epoch === nonce) {
    server.begun++;
    if (sim.options.leaseMs > 0) scene.then('origin', { do: 'epoch begins', with: name });
  }
  for (const { message } of drain(sim)) {
    if (message.is === 'entry') scene.then('bus', { do: 'publish', with: message });
  }
  return reply;
}

/** Takes out what nothing in this scope depends on. */
export function tidyServer({ sim }: Server, { property, faults, session, outbox, tagged, without }: Scope): void {
  if (!without?.redis?.replid) sim.runId = '';
  const state = partitionOf(sim);
  if (property !== 'linearizable') state.replicas = new Map();
  else if (!faults?.rowRemovals)
    state.replicas = new Map([...state.replicas].map(([of, row]) => [of, { ...row, at: 0 }]));
  state.marks = new Map();
  if (!tagged) state.tags = new Map();
  for (const [key, held] of state.keys) {
    if (held.is === 'lease' && held.waiters > 0) state.keys = new Map(state.keys).set(key, { ...held, waiters: 0 });
  }
  if (state.meta === null) return;
  state.meta = {
    ...state.meta,
    longestTtl: LONG_MS,
    past: session === undefined ? [] : state.meta.past,
    base: outbox === 'repair' ? state.meta.base : 0,
    previous: outbox === 'repair' ? state.meta.previous : null,
    probe: outbox === undefined ? 0 : state.meta.probe,
    proved: outbox === undefined ? 0 : state.meta.proved,
  };
}

export function flagsOfServer({ sim }: Server): number {
  const { accepts } = sim;
  const state = partitionOf(sim);
  const held = state.keys.get(KEY);
  return (
    (accepts === 'all' ? serverFlags.primary : accepts === 'reads' ? serverFlags.deposed : serverFlags.down) |
    (held?.is === 'value' ? serverFlags.value : 0) |
    (held?.is === 'lease' ? serverFlags.lease : 0) |
    (held?.is === 'mark' ? serverFlags.mark : 0) |
    (young(state) ? serverFlags.young : 0) |
    (state.tags.size > 0 ? serverFlags.tags : 0)
  );
}

function young({ meta }: PartitionState): boolean {
  return meta !== null && meta.since >= NOW;
}

export function metaOf({ sim }: Server): Meta | null {
  return partitionOf(sim).meta;
}
