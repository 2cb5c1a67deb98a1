import type { Stamp } from './cache.ts';
import { Write, type WriteEffect } from './core/write.ts';
import type { Engine, Unit } from './engine.ts';
import { sleep } from './time.ts';

/** Between two looks at who has not acknowledged a mark, ms; doubled up to the most. */
const ACKS_MS = 2;
const ACKS_MOST_MS = 20;

/** The part of one write that concerns one partition: performs the effects of its `Write` machine. */
export class WritePart {
  readonly write: Write;
  readonly keys: readonly string[];
  readonly unit: Unit;
  readonly #engine: Engine;
  /** True once Redis holds its marks, as far as anybody knows. */
  marked = false;
  /** What UNMARK answered; null: not yet. */
  stamp: Stamp | null = null;

  constructor(engine: Engine, unit: Unit, keys: readonly string[], tags: readonly string[]) {
    const { settings, lives, nonce } = engine;
    this.#engine = engine;
    this.unit = unit;
    this.keys = keys;
    this.write = new Write(unit.partition, {
      keys,
      tags,
      writer: nonce(),
      markMs: lives.markMs,
      commitLimitMs: settings.commitLimitMs,
      writes: settings.writes,
      leaseMs: lives.leaseMs,
      onUnreachable: settings.onUnreachable,
    });
  }

  /** Until the commit may begin: undefined; otherwise the reason why it may not. */
  async mark(): Promise<Error | undefined> {
    const { time } = this.#engine;
    let effect = this.write.start(time.now());
    while (effect.do !== 'commit') {
      if (effect.do === 'mark') {
        const { sent, reply } = await this.unit.requests.mark(this.keys, this.write.writer, effect.durationMs);
        this.marked = reply.is === 'ok';
        effect = this.write.marked(sent, reply, time.now());
      } else if (effect.do === 'acks' || effect.do === 'pause') {
        effect = await this.#wait(effect);
      } else {
        if (effect.do === 'unmark') effect = await this.#unmark(effect);
        return 'error' in effect ? effect.error : new Error('the write was not begun');
      }
    }
    return undefined;
  }

  /** Nothing was committed: gives the marks back. */
  async abort(error: Error): Promise<void> {
    if (this.marked) await this.#unmark(this.write.aborted(error));
  }

  /** One try to have the write confirmed; true when it is. */
  async unmark(): Promise<boolean> {
    if (this.stamp !== null) return true;
    let effect = this.write.committed();
    while (effect.do === 'unmark' || effect.do === 'acks' || effect.do === 'pause') {
      effect = effect.do === 'unmark' ? await this.#unmark(effect) : await this.#wait(effect);
    }
    if (effect.do !== 'acknowledge') return false;
    this.stamp = effect.stamp;
    return true;
  }

  async #unmark(effect: WriteEffect): Promise<WriteEffect> {
    let next = effect;
    while (next.do === 'unmark') {
      const { sent, reply } = await this.unit.requests.unmark(this.keys, this.write.writer, next.tags);
      next = this.write.unmarked(sent, reply, this.#engine.time.now());
    }
    return next;
  }

  /** Linearizable writes: until nobody can serve the old value any more, or the machine has something else to do. */
  async #wait(effect: WriteEffect): Promise<WriteEffect> {
    const { time } = this.#engine;
    let next = effect;
    for (let wait = ACKS_MS; next.do === 'acks' || next.do === 'pause'; wait = Math.min(2 * wait, ACKS_MOST_MS)) {
      if (next.do === 'pause') {
        await sleep(time, Math.max(0, next.until - time.now()));
        next = this.write.paused(time.now());
      } else {
        await sleep(time, wait);
        const { sent, reply } = await this.unit.requests.acks(next.clock);
        next = this.write.acked(sent, reply, time.now());
      }
    }
    return next;
  }
}
