import { askJson, waited } from '../probe.ts';
import { listen, type StreamEvent } from './event-source.ts';
import { type Tell, wordsOf } from './events.ts';
import type { ReplicaView } from './view.ts';
import { LagWindow, lagOf, RateWindow } from './windows.ts';

/** How often a replica is asked for its status, and how long after its end a stream is opened again, ms. */
const POLL_MS = 250;
const REOPEN_MS = 500;

type Said = Readonly<Record<string, unknown>>;

/** Follows one replica through its private listener until it is closed: its status again and again, and its events. */
export class ReplicaWatch {
  readonly name: string;
  readonly internal: string;
  readonly #tell: Tell;
  readonly #rates = new RateWindow();
  readonly #lags = new LagWindow();
  readonly #closing = new AbortController();
  #said: Said | null = null;

  constructor(name: string, internal: string, tell: Tell) {
    this.name = name;
    this.internal = internal;
    this.#tell = tell;
    void this.#repeat(POLL_MS, () => this.#poll());
    void this.#repeat(REOPEN_MS, () => this.#listen());
  }

  /** `otherwise` is the state to show while the replica does not answer. */
  view(otherwise: string): ReplicaView {
    const said = this.#said;
    const [partition] = Array.isArray(said?.partitions) ? (said.partitions as Said[]) : [];
    return {
      name: this.name,
      state: typeof said?.state === 'string' ? said.state : otherwise,
      trust: (said?.trust as ReplicaView['trust'] | undefined) ?? null,
      quarantineMs: numberOf(partition?.quarantineMs) ?? 0,
      applied: numberOf(partition?.applied),
      l1: (said?.l1 as ReplicaView['l1'] | undefined) ?? null,
      loopDelayMs: numberOf(said?.eventLoopDelayMs),
      rates: this.#rates.rates(),
      lag: lagOf(this.lags()),
    };
  }

  /** Of the last seconds, ms. */
  lags(): number[] {
    return this.#lags.within(performance.now());
  }

  close(): void {
    this.#closing.abort(new Error('no longer watched'));
  }

  async #poll(): Promise<void> {
    const said = await askJson(`${this.internal}/internal/status`);
    if (this.#closing.signal.aborted) return;
    const [before, now] = [this.#said?.state, said?.state];
    this.#said = said;
    if (said === null) this.#rates.clear();
    else this.#rates.add(performance.now(), (said.counters as Said | undefined) ?? {});
    if (typeof before === 'string' && before !== now)
      this.#tell(this.name, 'state', `${before}, now ${now ?? 'silent'}`);
    else if (before === undefined && typeof now === 'string') this.#tell(this.name, 'state', now);
  }

  #listen(): Promise<void> {
    return listen(`${this.internal}/internal/events`, this.#closing.signal, (event) => this.#heard(event));
  }

  #heard({ name, data }: StreamEvent): void {
    // What a replica knows of Redis' clock may run ahead of it by a moment.
    if (name === 'applied' && typeof data.lagMs === 'number') {
      this.#lags.add(performance.now(), Math.max(0, data.lagMs));
      return;
    }
    const words = wordsOf(name, data);
    if (words !== undefined) this.#tell(this.name, ...words);
  }

  async #repeat(everyMs: number, step: () => Promise<void>): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const since = performance.now();
      await step();
      await waited(Math.max(0, everyMs - (performance.now() - since)), signal).catch(() => undefined);
    }
  }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
