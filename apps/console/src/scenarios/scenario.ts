import type { Operation } from '@lockstep/history';
import type { Protocol, Traffic, Verdict } from '../shared/state.ts';

/** What a scenario can do, and see. Everything rejects once the scenario was ended. */
export interface Stage {
  readonly protocol: Protocol;
  /** The products of the matrix. */
  readonly ids: readonly number[];
  replicas(): string[];
  /** One that faults are done to: the last but the first, so that somebody is left. */
  victim(): string;
  traffic(settings: Partial<Pick<Traffic, 'rps' | 'writesPercent'>>): void;
  /**
   * Customers write nothing until the end of this half, where one product is all that is shown:
   *   1: a replica misses that a price has changed   2: a customer changes it too, and that replica hears of it, or is the one
   *   that writes it   3: the old price is gone before it has been shown for longer than the bound.
   */
  readersOnly(): void;
  /** Begins a fault; the answer ends it. */
  fault(fields: Readonly<Record<string, unknown>>): Promise<() => Promise<void>>;
  /** Asks a replica directly, or through nginx; judged, as every read. */
  read(id: number, replica: string | null): Promise<Operation | null>;
  /** Through a replica, or nginx. */
  write(id: number, replica?: string | null): Promise<Operation | null>;
  /** Changes their prices by another replica than the victim, until that is acknowledged: a writer has to be told by nobody. */
  change(ids: readonly number[]): Promise<void>;
  /** Asks a replica for these products until each is served from its L1. */
  warm(ids: readonly number[], replica: string): Promise<void>;
  /**
   * Asks a replica for these products again and again, for so long, and for each of them once more when that is over:
   *   1: a price changes   2: this process stands still   3: the time is over, and nobody has asked for what is old by now.
   */
  readFor(ms: number, ids: readonly number[], replica: string): Promise<void>;
  wait(ms: number): Promise<void>;
  /** Waits until it is so, no longer than this; answers whether it came to be. */
  until(look: () => boolean, ms: number): Promise<boolean>;
  scale(replicas: number): Promise<void>;
  /** Every replica says that it is ready. */
  ready(): boolean;
  /** No fault is on. */
  calm(): boolean;
  /** How often the origin was loaded from so far, by all replicas together; as of half a second ago. */
  originLoads(): number;
  verdict(): Verdict;
}

interface Step {
  /** One sentence, for somebody who reads nothing else; by protocol where it is not the same. */
  readonly text: string | Readonly<Record<Protocol, string>>;
  readonly play: (stage: Stage) => Promise<void>;
}

/** A script of traffic and faults that is played twice: on the textbook cache, then on the guarded one. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly sentence: string;
  /** What the verdict has to be at the end of each; `any` where chance decides what the textbook cache does. */
  readonly shows: Readonly<Record<Protocol, Verdict['outcome'] | 'any'>>;
  readonly seed: number;
  readonly steps: readonly Step[];
  /** What there is to say beside the verdict, where that is not the point: called before the first step, then after the last. */
  readonly measure?: (stage: Stage) => () => string;
}
