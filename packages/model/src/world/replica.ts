import { Partition } from '@lockstep/cache/core/partition';
import type { Read, ReadEffect } from '@lockstep/cache/core/read';
import type { ClockReply, FillReply, GetReply, LeaseReply, ReadReply, Sent } from '@lockstep/cache/core/replies';
import type { L1Entry, L1Store } from '@lockstep/cache/l1/store';
import type { ReplicaName, Scope, ServerName } from './scope.ts';
import { KEY, LONG_MS } from './server.ts';

/** What a read asks Redis for. */
export type Asked = Extract<ReadEffect, { do: 'get' | 'read' | 'lease' | 'fill' | 'release' | 'clock' }>;

/** Where a read stands: what has to happen before its machine takes its next step. */
export type Stage =
  | {
      readonly is: 'asking';
      readonly effect: Asked;
      readonly at: ServerName;
      readonly sent: Sent;
      reply: GetReply | ReadReply | LeaseReply | FillReply | ClockReply | null;
    }
  /** `loaded`: the origin's answer is on its way. */
  | { readonly is: 'loading' | 'loaded' | 'waiting' | 'catching up' };

/** One read below L1, with what those who wait for it may ask of its result. */
export interface Flight {
  readonly read: Read;
  stage: Stage;
  /** The version that the load brought. */
  loaded: number;
  /** The version that bounded readers who joined may ask for. */
  demand: number;
  /** What a strong or linearizable reader may not fall behind. */
  floor: number;
  /** The same of the session, if it waits for this read. */
  session: number | null;
}

/** One process of the application: the real partition, and its reads in flight. */
export interface Replica {
  readonly name: ReplicaName;
  /** The server at the end of its command connection. */
  at: ServerName;
  readonly partition: Partition;
  readonly flights: (Flight | null)[];
  /** The flight begun last: the one that may be joined. */
  newest: number;
}

export const replicaFlags = {
  /** A flight asks for something that is executed and answered in two steps, or in one. */
  twoStepsAtP: 1,
  twoStepsAtQ: 2,
  oneStepAtP: 4,
  oneStepAtQ: 8,
  answered: 16,
  /** A flight loads, waits or catches up. */
  paused: 32,
  free: 64,
  flying: 128,
  holdsL1: 256,
  trusted: 512,
  atP: 1024,
  atQ: 2048,
} as const;

/** L1 as plain data. It has no limit: there are two keys. */
class Shelf implements L1Store {
  readonly maxEntries = 2;
  readonly evictions = 0;
  private readonly entries = new Map<string, L1Entry>();

  get size(): number {
    return this.entries.size;
  }

  get(key: string): L1Entry | undefined {
    return this.entries.get(key);
  }

  peek(key: string): L1Entry | undefined {
    return this.entries.get(key);
  }

  set(key: string, entry: L1Entry): void {
    this.entries.set(key, entry);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  clear(): void {
    this.entries.clear();
  }
}

/** The L1 of a replica that has none. */
class NoShelf extends Shelf {
  override set(): void {}
}

export function openReplica(name: ReplicaName, scope: Scope): Replica {
  const l1 = scope.l1.includes(name) ? new Shelf() : new NoShelf();
  const proof = scope.outbox === undefined ? 'redis' : 'origin';
  const options = { index: 0, stalenessMs: LONG_MS, l1, proof } as const;
  const partition = scope.without?.partition?.(options) ?? new Partition(options);
  const flights = scope.readers.includes(name) ? Array.from({ length: scope.slots ?? 1 }, () => null) : [];
  return { name, at: 'P', partition, flights, newest: 0 };
}

/** Scripts that only their caller waits for: in a coarse scope they are executed and answered in one step. */
export function oneStep({ do: kind }: Asked, { grain }: Scope): boolean {
  return grain === 'coarse' && kind !== 'get' && kind !== 'read';
}

export function flagsOfReplica({ at, partition, flights }: Replica, scope: Scope): number {
  let flags = at === 'P' ? replicaFlags.atP : replicaFlags.atQ;
  if (partition.l1.peek(KEY) !== undefined) flags |= replicaFlags.holdsL1;
  if (partition.trusted(LONG_MS, 3 * LONG_MS)) flags |= replicaFlags.trusted;
  for (const flight of flights) {
    if (flight === null) {
      flags |= replicaFlags.free;
      continue;
    }
    flags |= replicaFlags.flying;
    const { stage } = flight;
    if (stage.is !== 'asking') flags |= replicaFlags.paused;
    else if (stage.reply !== null) flags |= replicaFlags.answered;
    else if (oneStep(stage.effect, scope))
      flags |= stage.at === 'P' ? replicaFlags.oneStepAtP : replicaFlags.oneStepAtQ;
    else flags |= stage.at === 'P' ? replicaFlags.twoStepsAtP : replicaFlags.twoStepsAtQ;
  }
  return flags;
}
