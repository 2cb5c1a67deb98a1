import type { Level, ReadResult } from '@lockstep/cache';
import type { Operation, Outcome } from '@lockstep/history';
import { LIST } from '../plan/keys.ts';
import type { Agenda } from '../time/agenda.ts';
import type { Transaction, Version } from './origin.ts';
import type { Trace } from './trace.ts';

/** A write that was not acknowledged; what came of its transaction is known when everything is over. */
interface Unacknowledged {
  readonly client: string;
  readonly transaction: Transaction;
  readonly start: number;
  readonly end: number;
  readonly outcome: Outcome;
  readonly replica: string;
}

/** A read, before it was answered. */
export interface Asked {
  readonly key: string;
  readonly level: Level;
  readonly start: number;
  /** With a tighter bound than S. */
  readonly tight: boolean;
}

/** What the clients of one cluster saw, in the order in which they saw it. */
export class History {
  readonly reads: Operation[] = [];
  /** Those of them that were asked with a tighter bound. */
  readonly tight: Operation[] = [];
  /** Keys of `set` that were not there, as version 0. */
  readonly absences: Operation[] = [];
  /** Acknowledged writes, one operation for each key. */
  readonly writes: Operation[] = [];
  readonly #others: Unacknowledged[] = [];
  readonly #unknownSets: Operation[] = [];
  /** Keys with writes whose clients were not told what became of them, or not by Redis. */
  readonly unsure = new Set<string>();
  /** Errors by code. */
  readonly refusals = new Map<string, number>();
  /** Answers that were labelled as unproven: nothing is promised about them. */
  unproven = 0;
  /** A write was acknowledged, or is said to have failed, and the origin knows better. */
  contradicted = false;
  readonly #agenda: Agenda;
  readonly #trace: Trace | null;
  readonly #labels: boolean;
  readonly #hitsAreStrong: boolean;

  constructor(agenda: Agenda, trace: Trace | null, judging: { labels: boolean; hitsAreStrong: boolean }) {
    this.#agenda = agenda;
    this.#trace = trace;
    this.#labels = judging.labels;
    this.#hitsAreStrong = judging.hitsAreStrong;
  }

  read(client: string, { key, level: asked, start, tight }: Asked, replica: string, result: ReadResult<number>): void {
    const { value: version, unproven, joined } = result;
    const end = this.#agenda.now;
    this.#agenda.mix(version);
    // Lists are by tag, of which no more is promised.
    const isHit = this.#hitsAreStrong && result.tier === 'L1' && !joined && key !== LIST;
    const level = isHit && asked === 'bounded' ? 'strong' : asked;
    const tier = joined ? `${result.tier}, joined` : result.tier;
    if (unproven) this.unproven++;
    if (!unproven || !this.#labels) {
      const read = { client, key, kind: 'read', start, end, version, outcome: 'ok', level, replica, tier } as const;
      this.reads.push(read);
      if (tight) this.tight.push(read);
    }
    this.#trace?.note(
      client,
      `read ${key} ${version} at ${replica} from ${tier}, ${asked}, begun at ${start.toFixed(1)}`,
    );
  }

  absent(client: string, key: string, level: Level, start: number, replica: string): void {
    const end = this.#agenda.now;
    this.absences.push({ client, key, kind: 'read', start, end, version: 0, outcome: 'ok', level, replica });
    this.#trace?.note(client, `found no ${key} at ${replica}, ${level}`);
  }

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  wrote(client: string, transaction: Transaction, start: number, outcome: Outcome, replica: string): void {
    const { keys } = transaction.change;
    const end = this.#agenda.now;
    const { versions } = transaction;
    this.#trace?.note(client, `wrote ${keys.join(', ')} at ${replica}: ${outcome}, begun at ${start.toFixed(1)}`);
    if (outcome === 'unknown') for (const key of keys) this.unsure.add(key);
    if (outcome === 'unknown' ? false : (outcome === 'ok') !== (versions !== null)) this.contradicted = true;
    if (outcome !== 'ok' || versions === null) {
      this.#others.push({ client, transaction, start, end, outcome, replica });
      return;
    }
    for (const { key, version } of versions) {
      this.writes.push({ client, key, kind: 'write', start, end, version, outcome, replica });
    }
  }

  /** Committed past all caches, so acknowledged in that instant. */
  committed(versions: readonly Version[]): void {
    for (const { key, version, at } of versions) {
      this.writes.push({ client: 'psql', key, kind: 'write', start: at, end: at, version, outcome: 'ok' });
    }
  }

  set(client: string, key: string, version: number, start: number, outcome: Outcome, replica: string): void {
    const end = this.#agenda.now;
    this.#trace?.note(client, `set ${key} ${version} at ${replica}: ${outcome}, begun at ${start.toFixed(1)}`);
    if (outcome === 'ok') this.writes.push({ client, key, kind: 'write', start, end, version, outcome, replica });
    else this.#unknownSets.push({ client, key, kind: 'write', start, end, version: null, outcome, replica });
  }

  /** Acknowledged or not, with what the origin knows by now of those of which nobody was told. */
  allWrites(): Operation[] {
    const operations = [...this.writes, ...this.#unknownSets];
    for (const { client, transaction, start, end, outcome, replica } of this.#others) {
      const told = outcome === 'unknown' ? transaction.versions : null;
      if (told !== null) {
        for (const { key, version } of told) {
          operations.push({ client, key, kind: 'write', start, end, version, outcome, replica });
        }
        continue;
      }
      // One that claims less, or more, than the origin knows of is judged as what it said: its versions have no write.
      for (const key of transaction.change.keys) {
        operations.push({ client, key, kind: 'write', start, end, version: null, outcome: 'failed', replica });
      }
    }
    return operations;
  }
}
