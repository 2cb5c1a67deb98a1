import { Relay, type RelayEffect } from '../core/relay.ts';
import type { Engine, Unit } from '../engine.ts';
import { sleep } from '../time.ts';
import type { Outbox, OutboxRound } from './outbox.ts';
import { OWN_MARKS_MS } from './own-marks.ts';

/** How a round ended in one partition, and what it found. */
export interface PartResult {
  /** `more`: rows were left over. `busy`: another relay is at work. `failed`: nothing was proved, and it has to be tried again. */
  readonly is: 'proved' | 'more' | 'busy' | 'failed';
  /** Rows that it invalidated. */
  readonly relayed: number;
  /** What was left of the epoch's quarantine, ms. */
  readonly quarantineMs: number;
}

export interface RoundResult {
  /** In the order of the partitions. */
  readonly parts: readonly PartResult[];
  /** The outbox could not be asked, or has lost the marks: what was proved is proved, and rows are invalidated once more. */
  readonly error: unknown;
}

/**
 * The pause before rows are invalidated: in it their writers mark them themselves, if they live. As soon as they all have it
 * ends; a machine that is busy needs more than one look. A row in SQL has nobody who marks it and waits for all of them, but
 * where more rows wait than a round takes, as after a loss, one look has to do.
 */
const PAUSE_MS = OWN_MARKS_MS + 15;
const LOOKS = 3;

/** Performs one round of the relay, in all partitions at the same time, so that there is one pause for all of them. */
export async function relayRound(
  engine: Engine,
  outbox: Outbox,
  { limitMs, rows }: { readonly limitMs: number; readonly rows: number },
): Promise<RoundResult> {
  const performers = engine.units.map((unit) => new Performer(engine, unit, rows));
  // Before the origin is asked for anything: its connection must not wait for a Redis that does not answer.
  await Promise.all(performers.map((performer) => performer.probe()));
  const present = performers.filter(({ over }) => !over);
  let error: unknown = null;
  try {
    if (present.length > 0) await outbox.round(limitMs, (round) => all(present.map((one) => one.run(round))));
  } catch (reason) {
    error = reason;
  }
  return { parts: performers.map(({ result }) => result), error };
}

/** Waits for the end of all of them, also where one fails: the round is over for all at once. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(works)) if (end.status === 'rejected') throw end.reason;
}

class Performer {
  readonly #engine: Engine;
  readonly #unit: Unit;
  readonly #rows: number;
  readonly #relay: Relay;
  #effect: RelayEffect;
  /** Of the probe: that of the whole round. */
  #epoch = '';
  #looks = 1;
  result: PartResult = { is: 'failed', relayed: 0, quarantineMs: 0 };

  constructor(engine: Engine, unit: Unit, rows: number) {
    this.#engine = engine;
    this.#unit = unit;
    this.#rows = rows;
    const repair = engine.settings.afterLoss === 'repair';
    this.#relay = new Relay(unit.partition, { repair, owns: (key) => engine.unitOf(key) === unit });
    this.#effect = this.#relay.start();
  }

  /** There is nothing to ask the origin for. */
  get over(): boolean {
    return this.#effect.do === 'end';
  }

  async probe(): Promise<void> {
    const { sent, reply } = await this.#unit.requests.probe();
    this.#epoch = sent.epoch;
    if (reply.is === 'probe') this.result = { ...this.result, quarantineMs: reply.quarantineMs };
    this.#effect = this.#relay.probed(sent, reply);
  }

  async run(round: OutboxRound): Promise<void> {
    while (this.#effect.do !== 'end') this.#effect = await this.#perform(this.#effect, round);
    if (this.#effect.proved) this.result = { ...this.result, is: 'proved' };
    else if (this.#effect.more) this.result = { ...this.result, is: 'more' };
  }

  async #perform(effect: Exclude<RelayEffect, { do: 'end' }>, round: OutboxRound): Promise<RelayEffect> {
    const { requests, partition } = this.#unit;
    const { index } = partition;
    const relay = this.#relay;
    switch (effect.do) {
      case 'probe':
        throw new Error('a round has one probe');
      case 'snapshot': {
        const { epoch, preceding } = effect;
        const query = { epoch: this.#epoch, preceding, replay: epoch === null };
        const pending = await round.pending(index, query, this.#rows);
        this.#looks = pending !== 'busy' && pending.complete ? LOOKS : 1;
        if (pending !== 'busy') return relay.snapshotted(pending.rows, pending.complete);
        this.result = { ...this.result, is: 'busy' };
        return relay.busy();
      }
      case 'recheck': {
        let open = effect.ids;
        for (let look = 0; look < this.#looks && open.length > 0; look++) {
          await sleep(this.#engine.time, PAUSE_MS);
          open = await round.undone(index, effect.epoch, open);
        }
        return relay.rechecked(open);
      }
      case 'invalidate': {
        const { keys, tags, epoch } = effect;
        const { sent, reply } = await requests.invalidate({ keys, tags }, epoch);
        return relay.invalidated(sent, reply);
      }
      case 'done': {
        const relayed = effect.marks.reduce((sum, { ids }) => sum + ids.length, 0);
        this.result = { ...this.result, relayed };
        round.done(index, effect.epoch, effect.marks);
        return relay.marked();
      }
      case 'bless': {
        const { sent, reply } = await requests.bless(effect.epoch, effect.preceding);
        return relay.blessed(sent, reply);
      }
      case 'prove': {
        const { sent, reply } = await requests.prove(effect.epoch, effect.probe);
        return relay.proved(sent, reply);
      }
    }
  }
}
