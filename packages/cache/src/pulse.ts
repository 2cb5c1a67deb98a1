import { Beat } from './core/beat.ts';
import type { Engine, Unit } from './engine.ts';
import { publish } from './telemetry.ts';

/** Part of the period that is left to chance, so that replicas do not beat in step. */
const JITTER = 0.2;
/** Before a round that was asked for out of turn, ms: a bus full of gaps must not become a stream of beats. */
const HASTE_MS = 2;

/** Beats every H, and at once when asked; one round in flight at a time. */
export class Pulse {
  readonly #engine: Engine;
  readonly #afterRound: (proved: boolean) => void;
  #cancel: (() => void) | undefined;
  #running = false;
  #wanted = false;
  /** Who waits for a round that begins later. */
  #next = Promise.withResolvers<void>();
  #awaited = false;
  #hurried = false;
  #stopped = false;
  #trusted = false;

  constructor(engine: Engine, afterRound: (proved: boolean) => void) {
    this.#engine = engine;
    this.#afterRound = afterRound;
  }

  start(): void {
    this.#schedule(0);
  }

  /**
   * Coalesced: during a round one more is noted, not many, and a timer that is about to fire is left alone. Set anew by
   * each message after a gap it would never fire under a steady stream of them, and L1 would park for want of a beat.
   * Resolves when a round has ended that began after the call.
   */
  now(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (this.#running) this.#wanted = true;
    else if (!this.#hurried) this.#hurry();
    this.#awaited = true;
    return this.#next.promise;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#next.resolve();
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = this.#engine.time.after(ms, () => void this.#round());
  }

  async #round(): Promise<void> {
    const { settings, random, counters, units } = this.#engine;
    this.#running = true;
    this.#wanted = false;
    this.#hurried = false;
    const waited = this.#next;
    if (this.#awaited) {
      this.#next = Promise.withResolvers<void>();
      this.#awaited = false;
    }
    // Trust runs out by itself; a round that cannot be answered is when somebody may hear of it.
    this.#tellTrust();
    const rounds = await Promise.all(units.map((unit) => beat(unit)));
    const proved = rounds.every(Boolean);
    this.#running = false;
    if (proved) counters.beats++;
    else counters.beatFailures++;
    this.#tellTrust();
    this.#afterRound(proved);
    if (waited !== this.#next) waited.resolve();
    if (this.#wanted) this.#hurry();
    else this.#schedule(settings.beatMs * (1 - JITTER * random()));
  }

  #hurry(): void {
    this.#hurried = true;
    this.#schedule(HASTE_MS);
  }

  #tellTrust(): void {
    const { settings, time, units } = this.#engine;
    const now = time.now();
    const trusted = units.every(({ partition }) => partition.trusted(now, settings.stalenessMs));
    if (trusted === this.#trusted) return;
    this.#trusted = trusted;
    publish('trust', () => ({ cache: settings.name, state: trusted ? 'trusted' : 'lapsed' }));
  }
}

/** One round in one partition; true if it proved anything. */
async function beat({ partition, requests }: Unit): Promise<boolean> {
  const machine = new Beat(partition);
  let effect = machine.start();
  while (effect.do !== 'end') {
    if (effect.do === 'beat') {
      const { sent, reply } = await requests.beat();
      effect = machine.answered(sent, reply);
    } else {
      const { sent, reply } = await requests.renew(effect.offered);
      effect = machine.renewed(sent, reply);
    }
  }
  return effect.proved;
}
