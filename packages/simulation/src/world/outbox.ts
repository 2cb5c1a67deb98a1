import type { Outbox, OutboxRound, OwnMark, Pending, PendingQuery } from '@lockstep/cache/outbox';
import type { Actor, Agenda, Happening } from '../time/agenda.ts';
import type { Origin, Row } from './origin.ts';

type Marks = Parameters<OutboxRound['done']>[2];

/** Which relay is at work in a partition; ended with its transaction, by itself or by the origin. */
export class Locks {
  readonly #holders = new Map<number, object>();

  take(partition: number, holder: object): boolean {
    if (this.#holders.has(partition)) return false;
    this.#holders.set(partition, holder);
    return true;
  }

  release(partition: number, holder: object): void {
    if (this.#holders.get(partition) === holder) this.#holders.delete(partition);
  }
}

/** The origin's outbox as one process sees it: what packages/cache/src/outbox/outbox.ts asks for, over simulated rows. */
export class SimOutbox implements Outbox {
  readonly #agenda: Agenda;
  readonly #actor: Actor;
  readonly #origin: Origin;
  readonly #locks: Locks;

  constructor(agenda: Agenda, actor: Actor, origin: Origin, locks: Locks) {
    this.#agenda = agenda;
    this.#actor = actor;
    this.#origin = origin;
    this.#locks = locks;
  }

  async round(limitMs: number, work: (round: OutboxRound) => Promise<void>): Promise<void> {
    const round = new SimRound(this, limitMs);
    try {
      await work(round);
    } catch (error) {
      round.end();
      throw error;
    }
    await round.keep();
  }

  doneBy(marks: readonly OwnMark[]): Promise<void> {
    return this.ask(() => {
      for (const { transaction, partition, epoch, clock, keys, tags } of marks) {
        for (const row of this.#origin.rows) {
          if (row.transaction !== transaction || !keys.includes(row.key)) continue;
          if (row.tags.every((tag) => tags.includes(tag))) note(row, partition, epoch, clock);
        }
      }
    });
  }

  /** Nothing grows as old in a simulated cluster. */
  async purge(): Promise<number> {
    return 0;
  }

  get rows(): readonly Row[] {
    return this.#origin.rows;
  }

  get locks(): Locks {
    return this.#locks;
  }

  /** One statement: what it reads and writes, it does at one instant between the asking and the answer. */
  ask<T>(statement: () => T): Promise<T> {
    const agenda = this.#agenda;
    const origin = this.#origin;
    const at = agenda.now + origin.step() / 2;
    const fails = origin.failing;
    return new Promise((resolve, reject) => {
      agenda.at(at, () => {
        let result: T;
        let error: Error | null = fails ? new Error('the origin does not answer') : null;
        try {
          if (error === null) result = statement();
        } catch (thrown) {
          error = thrown as Error;
        }
        agenda.turn(this.#actor, at + origin.step() / 2, () => (error === null ? resolve(result) : reject(error)));
      });
    });
  }

  /** In so many virtual ms, whatever has become of this process by then. */
  later(ms: number, run: () => void): Happening {
    return this.#agenda.at(this.#agenda.now + ms, run);
  }
}

class SimRound implements OutboxRound {
  readonly #outbox: SimOutbox;
  readonly #limitMs: number;
  readonly #locked: number[] = [];
  #written: { readonly partition: number; readonly epoch: string; readonly marks: Marks }[] = [];
  #limit: Happening | null = null;
  #over = false;

  constructor(outbox: SimOutbox, limitMs: number) {
    this.#outbox = outbox;
    this.#limitMs = limitMs;
  }

  pending(partition: number, query: PendingQuery, limit: number): Promise<Pending | 'busy'> {
    return this.#ask(() => {
      const open = this.#outbox.rows.filter((row) => !isDone(row, partition, query));
      if (open.length === 0) return { rows: [], complete: true };
      if (!this.#outbox.locks.take(partition, this)) return 'busy';
      this.#limit ??= this.#outbox.later(this.#limitMs, () => this.end());
      this.#locked.push(partition);
      return { rows: open.slice(0, limit), complete: open.length <= limit };
    });
  }

  undone(partition: number, epoch: string, ids: readonly string[]): Promise<readonly string[]> {
    return this.#ask(() => ids.filter((id) => !this.#outbox.rows[Number(id)]?.done[partition]?.has(epoch)));
  }

  done(partition: number, epoch: string, marks: Marks): void {
    this.#written.push({ partition, epoch, marks });
  }

  /** The end of the transaction: what was marked is there for everybody. */
  async keep(): Promise<void> {
    if (this.#locked.length === 0) return;
    await this.#ask(() => {
      for (const { partition, epoch, marks } of this.#written) {
        for (const { clock, ids } of marks) {
          for (const id of ids) note(this.#outbox.rows[Number(id)] as Row, partition, epoch, clock);
        }
      }
      this.end();
    });
  }

  end(): void {
    this.#over = true;
    if (this.#limit !== null) this.#limit.void = true;
    for (const partition of this.#locked) this.#outbox.locks.release(partition, this);
  }

  #ask<T>(statement: () => T): Promise<T> {
    return this.#outbox.ask(() => {
      if (this.#over) throw new Error('the transaction was ended, as its time was over');
      return statement();
    });
  }
}

/** The first note stays: it was true then, so it is now. */
function note(row: Row, partition: number, epoch: string, clock: number): void {
  const done = row.done[partition];
  if (done !== undefined && !done.has(epoch)) done.set(epoch, clock);
}

function isDone(row: Row, partition: number, { epoch, preceding, replay }: PendingQuery): boolean {
  const done = row.done[partition];
  if (!replay && done?.has(epoch)) return true;
  const clock = preceding === null ? undefined : done?.get(preceding.epoch);
  return clock !== undefined && clock <= (preceding?.upTo ?? 0);
}
