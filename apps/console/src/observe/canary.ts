import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '@lockstep/history';
import { LiveJudge } from '../verdict/live-judge.ts';

/** How often the canary is written and read on every replica, ms. */
const SONG_MS = 5_000;
/** How often it is corrupted, to see whether that would be noticed, and how soon it is tried again while it cannot be, ms. */
const TRIAL_MS = 3_600_000;
const TRY_AGAIN_MS = 60_000;
/** How long each step of a trial may take, ms, and how often it looks. */
const STEP_MS = 15_000;
const LOOK_MS = 20;
/** Beyond the bound, before the old value is put back, ms: the first read of it is too late already. */
const BEYOND_MS = 100;

export interface CanaryOptions<Stored> {
  readonly key: string;
  readonly boundMs: () => number;
  readonly replicas: () => readonly string[];
  /** True while it should not sing. */
  readonly quiet: () => boolean;
  /** Asks one replica directly. Of a trial only the trial knows; else the judge is told. Null: no answer. */
  readonly read: (replica: string, trial: boolean) => Promise<Operation | null>;
  readonly write: () => Promise<Operation | null>;
  /** The canary's value in L2 itself, and the way to put one there; null where Redis cannot be reached. */
  readonly value: {
    readonly stored: () => Promise<Stored | null>;
    readonly plant: (stored: Stored) => Promise<void>;
  } | null;
  readonly tried: (noticed: boolean) => void;
  readonly failed: (words: string) => void;
}

/**
 * A key that nobody else touches. Now and then its value in Redis is replaced by an old one, behind everybody's back: a
 * watch that finds nothing wrong with what the replicas then answer is blind, and its green means nothing. The judge of
 * a trial is one of the same kind beside the real one.
 */
export class Canary<Stored> {
  readonly #options: CanaryOptions<Stored>;
  readonly #timers: NodeJS.Timeout[] = [];
  #song: Promise<void> | null = null;
  #trial: Promise<boolean> | null = null;
  #due = performance.now() + TRIAL_MS;
  #closed = false;

  constructor(options: CanaryOptions<Stored>) {
    this.#options = options;
  }

  start(): void {
    this.#timers.push(setInterval(() => void this.#sing(), SONG_MS));
    this.#timers.push(setInterval(() => void this.#tryWhenDue(), TRY_AGAIN_MS));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Corrupts it, answers whether that was noticed, and has it right again. False also when it could not be done. */
  trial(): Promise<boolean> {
    this.#trial ??= this.#try().finally(() => {
      this.#trial = null;
    });
    return this.#trial;
  }

  async #tryWhenDue(): Promise<void> {
    if (performance.now() < this.#due || this.#options.quiet()) return;
    await this.trial();
  }

  async #sing(): Promise<void> {
    if (this.#song !== null || this.#trial !== null || this.#closed || this.#options.quiet()) return;
    const { write, replicas, read } = this.#options;
    this.#song = write().then(async () => {
      await Promise.all(replicas().map((replica) => read(replica, false)));
    });
    await this.#song;
    this.#song = null;
  }

  async #try(): Promise<boolean> {
    const { tried, failed } = this.#options;
    await this.#song;
    try {
      const noticed = await this.#corrupt();
      this.#due = performance.now() + TRIAL_MS;
      if (!this.#closed) tried(noticed);
      return noticed;
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      await this.#putRight().catch((error: Error) => failed(error.message));
    }
  }

  /**
   * A write is what makes everybody drop the old value, and the trial lasts until they have:
   *   1: api-2 has read what was planted, and keeps it in L1   2: a write through api-1 is acknowledged   3: the trial ends,
   *   and a song reads api-2, which answers out of L1 with a version that was overtaken more than the bound ago   4: the
   *   message reaches api-2. The judge would hold against the replica what we have done to it.
   */
  async #putRight(): Promise<void> {
    const { replicas, read } = this.#options;
    const { version } = await this.#written();
    await this.#until('the canary is right again', async () => {
      const reads = await Promise.all(replicas().map((replica) => read(replica, true)));
      // Where nobody serves, nobody has dropped anything.
      return reads.length > 0 && reads.every((one) => (one?.version ?? -1) >= (version ?? 0));
    });
  }

  #written(): Promise<Operation> {
    return this.#until(`${this.#options.key} is written`, async () => {
      const operation = await this.#options.write();
      return operation?.outcome === 'ok' ? operation : null;
    });
  }

  async #corrupt(): Promise<boolean> {
    const { key, value, boundMs, replicas, read } = this.#options;
    if (value === null) throw new Error('the canary cannot be corrupted: Redis cannot be reached from here');
    let noticed = false;
    const judge = new LiveJudge({
      boundMs: boundMs(),
      violated: () => {
        noticed = true;
      },
    });
    const readAll = () => Promise.all(replicas().map((replica) => read(replica, true)));
    const old = await this.#until(`${key} is in L2`, async () => {
      await readAll();
      return value.stored();
    });
    judge.add(await this.#written());
    await pause(boundMs() + BEYOND_MS);
    await value.plant(old);
    const look = async () => {
      for (const operation of await readAll()) if (operation !== null) judge.add(operation);
      return noticed;
    };
    return this.#until('noticed', look).catch(() => false);
  }

  /** Tries until there is something; rejects when there is nothing in time. */
  async #until<T>(what: string, look: () => Promise<T | null | false>): Promise<T> {
    const since = performance.now();
    while (!this.#closed && performance.now() - since < STEP_MS) {
      const found = await look();
      if (found !== null && found !== false) return found;
      await pause(LOOK_MS);
    }
    throw new Error(`${what}: not within ${STEP_MS} ms`);
  }
}
