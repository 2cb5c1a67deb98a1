import { CommitAborted, type CommitWindow, type Loaded } from '@lockstep/cache';
import { LIST, TAG } from '../plan/keys.ts';
import type { Fate } from '../plan/plan.ts';
import type { Actor, Agenda } from '../time/agenda.ts';
import type { Random } from '../time/random.ts';
import type { Trace } from './trace.ts';

const LIST_TAGS = [TAG];
const NO_TAGS: readonly string[] = [];

/** One committed write of one key. */
export interface Version {
  readonly key: string;
  readonly version: number;
  /** Virtual ms at which it took effect. */
  readonly at: number;
}

/** A row of the outbox, and for each partition in which epochs it was done, at which clocks. */
export interface Row {
  readonly id: string;
  readonly transaction: string;
  readonly key: string;
  readonly tags: readonly string[];
  readonly done: readonly Map<string, number>[];
}

/** What is committed together. */
export interface Change {
  readonly keys: readonly string[];
  /** True if the list shows one of them. */
  readonly listed: boolean;
}

/** One transaction as its client waits for it. */
export interface Transaction {
  readonly change: Change;
  readonly fate: Fate;
  /** Filled in when it takes effect. */
  versions: readonly Version[] | null;
}

export interface OriginOptions {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly trace: Trace | null;
  /** Mean of one step, ms. */
  readonly meanMs: number;
  /** 0: there is no outbox. */
  readonly partitions: number;
  /** Virtual ms at which all faults are healed. */
  readonly quietAt: number;
}

/**
 * The system of record: linearizable per key, each commit raises the versions of its keys by one at one instant, in whose
 * transaction its rows enter the outbox. Snapshots are taken while a load is under way, not at its begin.
 */
export class Origin {
  readonly rows: Row[] = [];
  failing = false;
  /** How much slower than usual everything is. */
  slow = 1;
  /** ... and commits are, beside that: they wait for locks. */
  slowCommits = 1;
  readonly #options: OriginOptions;
  readonly #versions = new Map<string, Version[]>();
  #transactions = 0;

  constructor(options: OriginOptions) {
    this.#options = options;
  }

  version(key: string): number {
    return this.#versions.get(key)?.length ?? 0;
  }

  /** Everything that was ever committed, by key. */
  get versions(): ReadonlyMap<string, readonly Version[]> {
    return this.#versions;
  }

  heal(): void {
    this.failing = false;
    this.slow = 1;
    this.slowCommits = 1;
  }

  /**
   * One step, ms. A slow one that is under way when everything is healed goes on as fast as any other: its length has no end,
   * and it would come long after everything has to be at rest.
   */
  step(from: number = this.#options.agenda.now): number {
    const { random, meanMs, quietAt } = this.#options;
    const ms = 0.1 + random.around(meanMs * this.slow);
    if (this.slow === 1 || from + ms <= quietAt) return ms;
    return Math.min(ms, Math.max(0, quietAt - from) + 0.1 + random.around(meanMs));
  }

  load(actor: Actor, key: string): Promise<Loaded<number>> {
    const { agenda } = this.#options;
    const snapshotAt = agenda.now + this.step();
    const fails = this.failing;
    return new Promise((resolve, reject) => {
      agenda.turn(actor, snapshotAt + this.step(snapshotAt), () => {
        if (fails) reject(new Error('the origin does not answer'));
        else resolve({ value: this.#versionAt(key, snapshotAt), tags: key === LIST ? LIST_TAGS : NO_TAGS });
      });
    });
  }

  /** A transaction under a write mark. `died`: its client does not live to see that it took effect. */
  commit(actor: Actor, transaction: Transaction, window: CommitWindow, died: () => void): Promise<void> {
    const { agenda } = this.#options;
    const fails = this.failing;
    return new Promise((resolve, reject) => {
      agenda.turn(actor, agenda.now + this.step(), () => {
        try {
          if (fails) throw new CommitAborted('the origin does not answer');
          window.opened();
          this.#opened(actor, transaction, window, died, { resolve, reject });
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  /** It takes effect before its limit or never (A5); what its client hears, and when, is another matter. */
  #opened(
    actor: Actor,
    transaction: Transaction,
    window: CommitWindow,
    died: () => void,
    client: { resolve: () => void; reject: (error: Error) => void },
  ): void {
    const { agenda, random } = this.#options;
    const { fate, change } = transaction;
    const name = this.#begin();
    window.transaction(name);
    const endsIn = Math.min(this.step() * this.slowCommits, window.limitMs);
    const commits = endsIn < window.limitMs && (fate === 'ok' || fate === 'unknown' || fate === 'dies');
    if (commits) {
      agenda.at(agenda.now + endsIn, () => {
        transaction.versions = this.apply(change, name);
        if (fate === 'dies') died();
      });
    }
    // An answer that gets lost may be missed before the transaction has ended, or long after.
    const unknown = fate === 'unknown' || fate === 'unknown, rolled back';
    const answerIn = unknown ? endsIn * 2 * random.next() : endsIn;
    agenda.turn(actor, agenda.now + answerIn + this.step() / 2, () => {
      if (unknown) client.reject(new Error('the connection to the origin was lost'));
      else if (commits) client.resolve();
      else client.reject(new CommitAborted('the transaction was rolled back'));
    });
  }

  /** Takes effect now. */
  apply({ keys, listed }: Change, transaction: string = this.#begin()): readonly Version[] {
    const { trace, partitions } = this.#options;
    const versions = keys.map((key) => this.#raise(key));
    if (listed) versions.push(this.#raise(LIST));
    const tags = listed ? LIST_TAGS : NO_TAGS;
    for (const key of partitions > 0 ? keys : []) {
      const done = Array.from({ length: partitions }, () => new Map<string, number>());
      this.rows.push({ id: String(this.rows.length), transaction, key, tags, done });
    }
    trace?.note('origin', `commits ${versions.map(({ key, version }) => `${key} ${version}`).join(', ')}`);
    return versions;
  }

  #begin(): string {
    return String(++this.#transactions);
  }

  #raise(key: string): Version {
    const before = this.#versions.get(key);
    const version = { key, version: (before?.length ?? 0) + 1, at: this.#options.agenda.now };
    if (before === undefined) this.#versions.set(key, [version]);
    else before.push(version);
    return version;
  }

  #versionAt(key: string, at: number): number {
    const versions = this.#versions.get(key) ?? [];
    let count = versions.length;
    while (count > 0 && (versions[count - 1] as Version).at > at) count--;
    return count;
  }
}
