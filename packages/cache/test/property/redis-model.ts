import type { Entry } from '../../src/core/entry.ts';
import type {
  BeatReply,
  ClockReply,
  EpochReply,
  FillReply,
  LeaseReply,
  MarkReply,
  ReadReply,
  UnmarkReply,
} from '../../src/core/replies.ts';

/**
 * One partition in Redis as a plain object, each method one script: what packages/cache/src/redis/scripts do, without
 * the texts. It exists for interleavings that a real server cannot be made to take; the scripts themselves are tested
 * against a real Redis beside it.
 */
export interface Caller {
  readonly epoch: string;
  readonly nonce: string;
  /** The virtual time at which the script runs, ms. */
  readonly now: number;
}

/** Mechanisms of the scripts that a control switches off. */
export interface RedisWithout {
  /** FILL stores whatever is there. */
  readonly leaseToken?: boolean;
  /** LEASE is granted in a young epoch. */
  readonly quarantine?: boolean;
  /** UNMARK of a lost mark does nothing. */
  readonly fallback?: boolean;
  /** Tags are invalidated by MARK, before the commit, and not by UNMARK. */
  readonly tagsAfterCommit?: boolean;
}

const JOURNAL = 4;
const PAGE = 2;
export const LONGEST_MARK_MS = 40;
const BEYOND_MARK_MS = 10;

interface Lease {
  readonly is: 'lease';
  readonly epoch: string;
  readonly token: string;
  readonly until: number;
  waiters: number;
}

type Held =
  | {
      readonly is: 'value';
      readonly epoch: string;
      readonly f: number;
      readonly tags: string[];
      readonly payload: string;
    }
  | Lease
  | { readonly is: 'mark'; readonly writers: Map<string, number> };

interface State {
  meta: { epoch: string; clock: number; id: string; since: number; past: readonly string[] } | null;
  lastId: number;
  journal: readonly Entry[];
  tags: ReadonlyMap<string, number>;
  keys: Map<string, Held>;
}

export type Published = { is: 'entry'; epoch: string; entry: Entry } | { is: 'fill'; key: string };

export class RedisModel {
  replid = 1;
  readonly #without: RedisWithout;
  readonly #publish: (message: Published) => void;
  #state: State = empty();
  #saved: State = empty();

  constructor(without: RedisWithout, publish: (message: Published) => void) {
    this.#without = without;
    this.#publish = publish;
  }

  persist(): void {
    this.#saved = copy(this.#state);
  }

  /** A new process: with its data, or with what was last persisted. */
  restart(lose: boolean): void {
    if (lose) this.#state = copy(this.#saved);
    this.replid++;
  }

  flushAll(): void {
    this.#state = empty();
  }

  get(key: string, now: number): string | null {
    const held = this.#look(key, now);
    if (held === undefined) return null;
    return held.is === 'value' ? textOf(held) : held.is === 'lease' ? `L ${held.epoch} x 0` : 'M x:1';
  }

  read(caller: Caller, key: string): ReadReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    const { clock } = this.#meta;
    const held = this.#look(key, caller.now);
    if (held === undefined || this.#dead(held)) return { is: 'none', clock, leftMs: 0 };
    if (held.is !== 'value') return { is: held.is, clock, leftMs: 0 };
    return this.#acceptable(held) ? { is: 'value', clock, text: textOf(held) } : { is: 'refused', clock, leftMs: 0 };
  }

  lease(caller: Caller, key: string, token: string, lifeMs: number): LeaseReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    const { clock, since } = this.#meta;
    const held = this.#look(key, caller.now);
    if (held?.is === 'mark') return { is: 'mark', clock };
    if (held?.is === 'lease' && !this.#dead(held)) {
      held.waiters++;
      return { is: 'lease', clock };
    }
    if (held?.is === 'value' && this.#acceptable(held)) return { is: 'value', clock, text: textOf(held) };
    const quarantined = caller.now < since + LONGEST_MARK_MS + BEYOND_MARK_MS;
    if (quarantined && !this.#without.quarantine) return { is: 'quarantine', clock };
    this.#state.keys.set(key, { is: 'lease', epoch: caller.epoch, token, until: caller.now + lifeMs, waiters: 0 });
    return { is: 'granted', clock };
  }

  fill(caller: Caller, key: string, token: string, f: number, tags: string[], payload: string): FillReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    const held = this.#look(key, caller.now);
    const mine = held?.is === 'lease' && !this.#dead(held) && held.token === token;
    if (!mine && !this.#without.leaseToken) return { is: 'refused', clock: this.#meta.clock };
    this.#state.keys.set(key, { is: 'value', epoch: caller.epoch, f, tags, payload });
    if (held?.is === 'lease' && held.waiters > 0) this.#publish({ is: 'fill', key });
    return { is: 'stored', clock: this.#meta.clock };
  }

  release(caller: Caller, key: string, token: string): ClockReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    const held = this.#look(key, caller.now);
    if (held?.is === 'lease' && !this.#dead(held) && held.token === token) this.#state.keys.delete(key);
    return { is: 'clock', clock: this.#meta.clock };
  }

  clock(caller: Caller): ClockReply {
    return this.#enter(caller) ?? { is: 'clock', clock: this.#meta.clock };
  }

  invalidate(caller: Caller, keys: readonly string[], tags: readonly string[]): MarkReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    for (const key of keys) {
      if (this.#look(key, caller.now)?.is !== 'mark') this.#state.keys.delete(key);
    }
    return { is: 'ok', clock: this.#add(keys, tags) };
  }

  mark(caller: Caller, keys: readonly string[], writer: string, durationMs: number, tags: string[]): MarkReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    for (const key of keys) {
      const held = this.#look(key, caller.now);
      const writers = held?.is === 'mark' ? held.writers : new Map<string, number>();
      this.#state.keys.set(key, { is: 'mark', writers: writers.set(writer, caller.now + durationMs) });
    }
    return { is: 'ok', clock: this.#add(keys, this.#without.tagsAfterCommit ? tags : []) };
  }

  unmark(caller: Caller, keys: readonly string[], writer: string, tags: readonly string[]): UnmarkReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    const lost: string[] = [];
    for (const key of keys) {
      const held = this.#look(key, caller.now);
      if (held?.is === 'mark' && held.writers.delete(writer)) {
        if (held.writers.size === 0) this.#state.keys.delete(key);
      } else if (!this.#without.fallback) {
        lost.push(key);
        if (held?.is !== 'mark') this.#state.keys.delete(key);
      }
    }
    const late = this.#without.tagsAfterCommit ? [] : tags;
    if (lost.length > 0 || late.length > 0) this.#add(lost, late);
    return { is: 'ok', clock: this.#meta.clock, lost: lost.length };
  }

  beat(caller: Caller, applied: number): BeatReply | EpochReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    const { clock, since } = this.#meta;
    const missing = this.#state.journal.filter((entry) => entry.clock > applied).slice(0, PAGE);
    const trimmed = applied < clock && missing[0]?.clock !== applied + 1;
    const page = trimmed ? 'trimmed' : missing;
    return { is: 'beat', clock, now: caller.now, since, longestMarkMs: LONGEST_MARK_MS, page };
  }

  /** The caller's `epoch` is the one to replace. */
  renew(caller: Caller, own: string): EpochReply {
    const stranger = this.#enter(caller);
    if (stranger) return stranger;
    this.#begin(caller, [own === caller.epoch ? '' : own, caller.epoch]);
    return this.#epochReply(caller);
  }

  /** What a reader of the present epoch would take for the key; undefined for none. */
  acceptable(key: string, now: number): string | undefined {
    const held = this.#look(key, now);
    return held?.is === 'value' && this.#acceptable(held) ? held.payload : undefined;
  }

  get #meta(): NonNullable<State['meta']> {
    if (this.#state.meta === null) throw new Error('the prologue comes first');
    return this.#state.meta;
  }

  #enter(caller: Caller): EpochReply | undefined {
    const { meta } = this.#state;
    if (meta === null) this.#begin(caller, [caller.epoch]);
    else if (meta.id !== String(this.replid)) this.#begin(caller, [meta.epoch]);
    return this.#meta.epoch === caller.epoch ? undefined : this.#epochReply(caller);
  }

  #begin(caller: Caller, succeeded: string[]): void {
    const { meta, lastId } = this.#state;
    const clock = Math.max(meta?.clock ?? 0, lastId);
    const past = [...(meta?.past ?? []), ...succeeded.filter(Boolean)];
    this.#state.meta = { epoch: caller.nonce, clock, id: String(this.replid), since: caller.now, past };
  }

  #epochReply({ now }: Caller): EpochReply {
    const { epoch, clock, past, since } = this.#meta;
    return { is: 'epoch', epoch, clock, past, since, now };
  }

  #look(key: string, now: number): Held | undefined {
    const held = this.#state.keys.get(key);
    if (held?.is === 'lease' && held.until <= now) this.#state.keys.delete(key);
    if (held?.is === 'mark') {
      for (const [writer, deadline] of held.writers) if (deadline <= now) held.writers.delete(writer);
      if (held.writers.size === 0) this.#state.keys.delete(key);
    }
    return this.#state.keys.get(key);
  }

  /** A lease that nobody can fill any more: absent to whoever asks. */
  #dead(held: Held): boolean {
    return held.is === 'lease' && held.epoch !== this.#meta.epoch;
  }

  #acceptable(held: Held): held is Held & { is: 'value' } {
    if (held.is !== 'value' || held.epoch !== this.#meta.epoch) return false;
    return held.tags.every((tag) => (this.#state.tags.get(tag) ?? 0) <= held.f);
  }

  #add(keys: readonly string[], tags: readonly string[]): number {
    const clock = ++this.#meta.clock;
    const entry = { clock, keys, tags, at: 0 };
    this.#state.lastId = clock;
    this.#state.journal = [...this.#state.journal, entry].slice(-JOURNAL);
    this.#state.tags = new Map([...this.#state.tags, ...tags.map((tag) => [tag, clock] as const)]);
    this.#publish({ is: 'entry', epoch: this.#meta.epoch, entry });
    return clock;
  }
}

function textOf({ epoch, f, tags, payload }: Held & { is: 'value' }): string {
  return `V ${epoch} ${f} 0 0 0 ${JSON.stringify(tags)}\n${payload}`;
}

function empty(): State {
  return { meta: null, lastId: 0, journal: [], tags: new Map(), keys: new Map() };
}

function copy(state: State): State {
  const keys = [...state.keys].map(([key, held]): [string, Held] => [
    key,
    held.is === 'mark' ? { is: 'mark', writers: new Map(held.writers) } : { ...held },
  ]);
  return { ...state, meta: state.meta && { ...state.meta }, keys: new Map(keys) };
}
