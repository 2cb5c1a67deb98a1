import { Worker } from 'node:worker_threads';
import type { Operation } from '@lockstep/history';
import type { Traffic } from '../shared/state.ts';
import { clockBase } from './clock-base.ts';
import { type Counts, type GeneratorSettings, newCounts } from './generator.ts';
import { type Packed, Unpacker } from './packed.ts';

type Setting = Partial<Pick<Traffic, 'rps' | 'writesPercent'>>;

export interface ClientsOptions extends GeneratorSettings {
  /** Every operation that ended until a time, in that order; at the latest `BATCH_MS` after it. */
  readonly ended: (operations: readonly Operation[], until: number) => void;
}

/** What a thread is started with. */
export interface ThreadSettings extends GeneratorSettings {
  /** Where the clock of the thread that hears of it begins. */
  readonly clockBase: number;
}

/** What a thread is told. */
export type ThreadOrder = { readonly set: Setting } | { readonly begin: number };

/** What a thread tells, often. */
export interface Batch {
  readonly ended: Packed;
  readonly until: number;
  readonly counts: Counts;
  /** Of the thread, since it began, us. */
  readonly cpuUs: number;
}

/**
 * The customers have a thread of their own: what they cost is not what it costs to observe, and neither waits for the
 * other.
 */
export class Clients {
  readonly #options: ClientsOptions;
  #rps: number;
  #writesPercent: number;
  #counts = newCounts();
  #thread: Worker | null = null;
  #cpuUs = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#rps = options.rps;
    this.#writesPercent = options.writesPercent;
  }

  get settings(): Pick<Traffic, 'rps' | 'writesPercent'> {
    return { rps: this.#rps, writesPercent: this.#writesPercent };
  }

  /** Processor time that the customers have taken so far, us. */
  get cpuUs(): number {
    return this.#cpuUs;
  }

  set(settings: Setting): void {
    this.#rps = settings.rps ?? this.#rps;
    this.#writesPercent = settings.writesPercent ?? this.#writesPercent;
    this.#tell({ set: settings });
  }

  /** Draws the same requests from now on as after any other beginning with this seed. */
  begin(seed: number): void {
    this.#tell({ begin: seed });
  }

  takeCounts(): Counts {
    const counts = this.#counts;
    this.#counts = newCounts();
    return counts;
  }

  start(): void {
    const { ended, ...settings } = this.#options;
    const workerData: ThreadSettings = { ...settings, ...this.settings, clockBase: clockBase() };
    const unpacker = new Unpacker(settings.ids);
    const thread = new Worker(new URL('./clients-thread.ts', import.meta.url), { workerData });
    thread.on('message', ({ ended: packed, until, counts, cpuUs }: Batch) => {
      this.#cpuUs = cpuUs;
      this.#count(counts);
      ended(unpacker.all(packed), until);
    });
    // Without customers there is nothing to judge: whoever started the console starts it again.
    thread.on('error', (error) => {
      throw error;
    });
    this.#thread = thread;
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #tell(order: ThreadOrder): void {
    this.#thread?.postMessage(order);
  }

  #count({ answered, errors, tiers }: Counts): void {
    this.#counts.answered += answered;
    this.#counts.errors += errors;
    for (const tier of Object.keys(tiers) as (keyof typeof tiers)[]) this.#counts.tiers[tier] += tiers[tier];
  }
}
