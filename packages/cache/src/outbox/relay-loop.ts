import { RELAY_ROWS } from '../core/limits.ts';
import type { Engine } from '../engine.ts';
import { publish } from '../telemetry.ts';
import { sleep } from '../time.ts';
import type { Outbox } from './outbox.ts';
import { type PartResult, relayRound } from './relay-round.ts';
import { PURGE_MS, PURGE_ROWS, retentionMs } from './retention.ts';

/** Part of the period that is left to chance, so that replicas do not relay in step. */
const JITTER = 0.2;
/** Life of a round's transaction at the origin: a part of S, within bounds, ms. A paused relay keeps others off for that. */
const ROUND_PART = 0.5;
const ROUND_LEAST_MS = 500;
const ROUND_MOST_MS = 2_000;
/** The longest wait after rounds that failed, a part of S, at most so long, ms: proofs must be back soon after Redis is. */
const BACKOFF_PART = 0.25;
const BACKOFF_MOST_MS = 1_000;
/** Rows in a round, in all partitions together, after rounds that failed, maybe because they took too long. */
const ROWS_LEAST = 50;
/** How long the end waits for a round under way, ms. */
const STOP_MS = 500;

/**
 * One round at a time, in every partition, again and again: the outbox' rows are invalidated, probes are proved, old
 * rows are removed. Every replica has one, and any number of them may be gone, paused, or at work at the same time.
 */
export class RelayLoop {
  readonly #engine: Engine;
  readonly #outbox: Outbox;
  readonly #limitMs: number;
  readonly #retentionMs: number;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  #failures = 0;
  #rows = RELAY_ROWS;
  #purgeAt: number;

  constructor(engine: Engine, outbox: Outbox) {
    const { settings, time } = engine;
    this.#engine = engine;
    this.#outbox = outbox;
    this.#limitMs = Math.min(ROUND_MOST_MS, Math.max(ROUND_LEAST_MS, settings.stalenessMs * ROUND_PART));
    this.#retentionMs = retentionMs(settings);
    this.#purgeAt = time.now() + PURGE_MS;
  }

  start(): void {
    this.#schedule(this.#engine.settings.relayMs * this.#engine.random());
  }

  /** Begins no more rounds, and waits a little for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await Promise.race([this.#running, sleep(this.#engine.time, STOP_MS)]);
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#engine.time.after(ms, () => {
      this.#running = this.#turn();
    });
  }

  async #turn(): Promise<void> {
    const parts = await this.#round();
    const failed = parts.some(({ is }) => is === 'failed');
    this.#failures = failed ? this.#failures + 1 : 0;
    if (!failed && !this.#stopped) await this.#purge();
    this.#schedule(this.#waitMs(parts));
  }

  async #round(): Promise<readonly PartResult[]> {
    const { counters, settings, time, units } = this.#engine;
    const since = time.now();
    const rows = Math.ceil(this.#rows / units.length);
    const { parts, error } = await relayRound(this.#engine, this.#outbox, { limitMs: this.#limitMs, rows });
    if (error === null) this.#rows = Math.min(RELAY_ROWS, this.#rows * 2);
    else {
      this.#rows = Math.max(ROWS_LEAST, Math.floor(this.#rows / 2));
      this.#failed(error);
    }
    if (parts.some(({ is }) => is === 'failed')) counters.relayFailures++;
    else if (parts.every(({ is }) => is === 'proved')) counters.relayRounds++;
    parts.forEach(({ relayed }, partition) => {
      if (relayed === 0) return;
      counters.relayed += relayed;
      publish('relayed', () => ({ cache: settings.name, partition, rows: relayed, ms: time.now() - since }));
    });
    return parts;
  }

  #waitMs(parts: readonly PartResult[]): number {
    const { settings, random } = this.#engine;
    if (parts.some(({ is }) => is === 'more')) return 0;
    const most = Math.max(settings.relayMs, Math.min(BACKOFF_MOST_MS, settings.stalenessMs * BACKOFF_PART));
    const period = Math.min(most, settings.relayMs * 2 ** Math.min(this.#failures, 10));
    const waitMs = period * (1 - JITTER * random());
    // The repair, and with it all that L2 holds, waits for the end of the quarantine.
    const quarantines = settings.afterLoss === 'repair' ? parts.map(({ quarantineMs }) => quarantineMs) : [];
    return Math.min(waitMs, ...quarantines.filter((ms) => ms > 0));
  }

  /** On the relay's own connection, between rounds. */
  async #purge(): Promise<void> {
    const { time, units } = this.#engine;
    if (time.now() < this.#purgeAt) return;
    this.#purgeAt = time.now() + PURGE_MS;
    const partitions = units.map(({ partition }) => partition.index);
    try {
      const purged = await this.#outbox.purge({ partitions, ageMs: this.#retentionMs, limit: PURGE_ROWS });
      if (purged === PURGE_ROWS) this.#purgeAt = time.now();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const problem = error instanceof Error ? error : new Error(String(error));
    publish('error', () => ({ cache: this.#engine.settings.name, what: 'the relay', error: problem }));
  }
}
