import type { Level } from '@lockstep/cache';
import type { Setup } from './setup.ts';

/**
 * Everything that a simulated cluster is told in advance, as data: who does what and when, and what fails. Together with
 * `dice`, from which latencies and the like are drawn, it is one run and always the same; so it can be shrunk and shown.
 */
export interface Plan {
  readonly scenario: string;
  readonly seed: number;
  readonly dice: number;
  readonly setup: Setup;
  readonly replicas: number;
  /** Ascending by time. */
  readonly operations: readonly PlannedOperation[];
  /** Ascending by time. */
  readonly faults: readonly Fault[];
  /** Virtual ms at which all faults are healed and no operation begins any more. */
  readonly quietAt: number;
  /** Virtual ms from then on until everything must have come to rest. */
  readonly settleMs: number;
}

/** What becomes of a commit: its answer, or none, while it took effect or not. `dies`: the replica, right after it. */
export type Fate = 'ok' | 'aborted' | 'unknown' | 'unknown, rolled back' | 'dies';

export type PlannedOperation = {
  readonly at: number;
  /** Operations of one client follow each other, whichever replica they go to. */
  readonly client: number;
  readonly replica: number;
} & Action;

type Action =
  /** `tight`: with a bound of its own, half as long. */
  | { readonly do: 'read'; readonly key: string; readonly level: Level; readonly tight: boolean }
  /** Of what `set` wrote. */
  | { readonly do: 'find'; readonly level: Level }
  /** With tags that are known in advance, or only inside of the commit. */
  | { readonly do: 'mutate'; readonly keys: readonly string[]; readonly fate: Fate; readonly tagsInside: boolean }
  /** Commits, then invalidates. */
  | { readonly do: 'invalidate'; readonly key: string }
  | { readonly do: 'set' }
  /** Commits at the origin and tells nobody. */
  | { readonly do: 'psql'; readonly keys: readonly string[] };

export type Fault = { readonly at: number } & Failure;

export type Failure =
  /** The command connection of one replica closes; `bus`: the subscription. */
  | { readonly do: 'cut' | 'cut bus'; readonly replica: number }
  /** A half-open connection: nobody is told that what one of them sends is lost. */
  | {
      readonly do: 'hole';
      readonly replica: number;
      readonly lost: 'requests' | 'replies' | 'bus';
      readonly ms: number;
    }
  | { readonly do: 'lossy bus'; readonly probability: number; readonly ms: number }
  | { readonly do: 'slow bus'; readonly replica: number; readonly lagMs: number; readonly ms: number }
  | { readonly do: 'slow link'; readonly replica: number; readonly factor: number; readonly ms: number }
  /** The event loop stands still, and finds all that has come meanwhile: timers first, or messages. */
  | { readonly do: 'pause'; readonly replica: number; readonly ms: number; readonly first: 'timers' | 'messages' }
  /** The process ends without a word, and a new one starts. */
  | { readonly do: 'crash'; readonly replica: number; readonly ms: number }
  /** The process closes its cache, and a new one starts. */
  | { readonly do: 'replace'; readonly replica: number }
  | { readonly do: 'persist' | 'flush' | 'replicate' | 'rejoin' | 'undo' }
  /** In every partition: `meta` is gone, the entries of the journal are, the tag is swept. */
  | { readonly do: 'lose meta' | 'trim journal' | 'sweep tag' }
  /** Somebody empties the L1 of one replica. */
  | { readonly do: 'empty'; readonly replica: number }
  | { readonly do: 'restart'; readonly data: 'kept' | 'lost'; readonly ms: number }
  /** `acceptsMs`: D. Connections move after so long, each replica's by itself. */
  | { readonly do: 'failover'; readonly acceptsMs: number; readonly movesMs: readonly number[] }
  /** The deposed primary is promoted again; the other one goes on as above. */
  | { readonly do: 'fail back'; readonly acceptsMs: number; readonly movesMs: readonly number[] }
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'evict'; readonly key: string }
  | { readonly do: 'slow origin' | 'slow commits'; readonly factor: number; readonly ms: number }
  /** Loads, commits and the outbox fail. */
  | { readonly do: 'failing origin'; readonly ms: number };
