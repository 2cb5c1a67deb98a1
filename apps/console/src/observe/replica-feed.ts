import type { Member, Protocol } from '../shared/state.ts';
import { askJson } from './ask.ts';
import { listen } from './event-source.ts';
import { LagWindow } from './lag-window.ts';

/** How long a replica's status may take, and when its stream is opened again, ms. */
const ANSWER_LIMIT_MS = 1_000;
const REOPEN_MS = 500;

type Said = Readonly<Record<string, unknown>>;

/** An invalidation that a replica has applied. Its clock is 0 where the replica keeps none. */
export interface Applied {
  readonly clock: number;
  readonly keys: readonly string[];
  readonly via: string;
  readonly lagMs: number | null;
}

/** What a feed tells, as it hears it. */
export interface FeedTold {
  applied(replica: string, applied: Applied): void;
  /** Anything else that the replica's stream says: gap, flush, epoch, trust, relayed. */
  happened(replica: string, name: string, data: Said): void;
  /** Its own word for its state has changed; null: it does not answer. */
  state(replica: string, before: string | null, now: string | null): void;
}

/** What a replica says of itself, read from its private listener and nowhere else. */
export class ReplicaFeed {
  readonly name: string;
  readonly internal: string;
  readonly #told: FeedTold;
  readonly #lags = new LagWindow();
  readonly #closing = new AbortController();
  #said: Said | null = null;
  #saidAt = 0;
  #rates: Pick<Member, 'ratios' | 'perSecond'> & { originPerSecond: number } = none();
  #asking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, internal: string, told: FeedTold) {
    this.name = name;
    this.internal = internal;
    this.#told = told;
    void this.#listen();
  }

  /** Its own word; null while it does not answer. */
  get state(): string | null {
    return typeof this.#said?.state === 'string' ? this.#said.state : null;
  }

  /** The protocol that it speaks; null while it does not answer. */
  get protocol(): Protocol | null {
    const protocol = this.#said?.protocol;
    return protocol === 'naive' || protocol === 'guarded' ? protocol : null;
  }

  get boundMs(): number | null {
    return numberOf((this.#said?.trust as Said | undefined)?.boundMs);
  }

  get originLoads(): number {
    const counters = this.#said?.counters as Record<string, number> | undefined;
    return (counters?.loads ?? 0) + (counters?.bypasses ?? 0);
  }

  get originPerSecond(): number {
    return this.#rates.originPerSecond;
  }

  /** All of a member but what others know better. */
  view(now: number): Omit<Member, 'name' | 'kind' | 'state' | 'faults'> {
    const said = this.#said;
    const [partition] = Array.isArray(said?.partitions) ? (said.partitions as Said[]) : [];
    const age = numberOf((said?.trust as Said | undefined)?.ageMs);
    return {
      // It has grown older since it was told, unless another beat has come since.
      trustAgeMs: age === null ? null : Math.round(age),
      l1: (said?.l1 as Member['l1'] | undefined) ?? null,
      ratios: this.#rates.ratios,
      perSecond: said === null ? null : this.#rates.perSecond,
      epoch: typeof partition?.epoch === 'string' ? partition.epoch : null,
      applied: numberOf(partition?.applied),
      lagMs: this.#lags.quantiles(now),
    };
  }

  close(): void {
    this.#closing.abort(new Error('no longer watched'));
    clearTimeout(this.#timer);
  }

  /** Asks for its status, unless that is being asked for. */
  poll(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Asks for its status as it is from now on: what is being asked for already may be answered by then. */
  async pollAnew(): Promise<void> {
    await this.#asking;
    await this.poll();
  }

  async #ask(): Promise<void> {
    const said = await askJson(`${this.internal}/internal/status`, ANSWER_LIMIT_MS);
    if (this.#closing.signal.aborted) return;
    const before = this.state;
    const now = performance.now();
    this.#rates = said === null ? none() : ratesOf(this.#said, said, now - this.#saidAt);
    this.#said = said;
    this.#saidAt = now;
    if (before !== this.state) this.#told.state(this.name, before, this.state);
  }

  #heard(name: string, data: Said): void {
    if (name === 'snapshot') return;
    if (name !== 'applied') {
      this.#told.happened(this.name, name, data);
      return;
    }
    // What a replica knows of Redis' clock may run ahead of it by a moment.
    const lagMs = typeof data.lagMs === 'number' ? Math.max(0, data.lagMs) : null;
    if (lagMs !== null) this.#lags.add(performance.now(), lagMs);
    const keys = Array.isArray(data.keys) ? (data.keys as string[]) : [];
    this.#told.applied(this.name, { clock: numberOf(data.clock) ?? 0, keys, via: String(data.via), lagMs });
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    await listen(`${this.internal}/internal/events`, signal, (name, data) => this.#heard(name, data));
    if (!signal.aborted) this.#timer = setTimeout(() => void this.#listen(), REOPEN_MS);
  }
}

function none(): { ratios: null; perSecond: null; originPerSecond: number } {
  return { ratios: null, perSecond: null, originPerSecond: 0 };
}

/** By the difference of two reports; after a restart counters begin anew, and there is none. */
function ratesOf(before: Said | null, now: Said, ms: number) {
  const [was, is] = [before?.counters, now.counters] as (Record<string, number> | undefined)[];
  if (was === undefined || is === undefined || ms <= 0) return none();
  const grown = (name: string) => (is[name] ?? 0) - (was[name] ?? 0);
  const gets = grown('gets');
  if (gets < 0) return none();
  const origin = grown('loads') + grown('bypasses');
  const part = (count: number) => (gets === 0 ? 0 : count / gets);
  return {
    ratios:
      gets === 0
        ? null
        : { l1: part(grown('l1Hits')), l2: part(grown('l2Hits') + grown('joins')), origin: part(origin) },
    perSecond: (gets * 1_000) / ms,
    originPerSecond: (origin * 1_000) / ms,
  };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
