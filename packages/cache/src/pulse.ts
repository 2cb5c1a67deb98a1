import { Beat } from './core/beat.ts';
import type { Engine } from './engine.ts';
import { publish } from './telemetry.ts';

/** Part of the period that is left to chance, so that replicas do not beat in step. */
const JITTER = 0.2;
/** Before a round that was asked for out of turn, ms: a bus full of gaps must not become a stream of beats. */
const HASTE_MS = 2;

/** Beats every H, and at once when asked; one round in flight at a time. */
export class Pulse {
  readonly #engine: Engine;
  readonly #afterRound: (proved: boolean) => void;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #wanted = false;
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
   */
  now(): void {
    if (this.#running) this.#wanted = true;
    else if (!this.#hurried) {
      this.#hurry();
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#round(), ms);
  }

  async #round(): Promise<void> {
    const { settings, random, counters } = this.#engine;
    this.#running = true;
    this.#wanted = false;
    this.#hurried = false;
    // Trust runs out by itself; a round that cannot be answered is when somebody may hear of it.
    this.#tellTrust();
    const proved = await this.#beat();
    this.#running = false;
    if (proved) counters.beats++;
    else counters.beatFailures++;
    this.#tellTrust();
    this.#afterRound(proved);
    if (this.#wanted) this.#hurry();
    else this.#schedule(settings.beatMs * (1 - JITTER * random()));
  }

  #hurry(): void {
    this.#hurried = true;
    this.#schedule(HASTE_MS);
  }

  async #beat(): Promise<boolean> {
    const { partition, commands } = this.#engine;
    const beat = new Beat(partition);
    let effect = beat.start();
    while (effect.do !== 'end') {
      if (effect.do === 'beat') {
        const { sent, reply } = await commands.beat();
        effect = beat.answered(sent, reply);
      } else {
        const { sent, reply } = await commands.renew(effect.offered);
        effect = beat.renewed(sent, reply);
      }
    }
    return effect.proved;
  }

  #tellTrust(): void {
    const { partition, settings, now } = this.#engine;
    const trusted = partition.trusted(now(), settings.stalenessMs);
    if (trusted === this.#trusted) return;
    this.#trusted = trusted;
    publish('trust', () => ({ cache: settings.name, state: trusted ? 'trusted' : 'lapsed' }));
  }
}
