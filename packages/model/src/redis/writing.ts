import type { AcksReply, DoneReply, MarkReply, SetReply, UnmarkReply } from '@lockstep/cache/core/replies';
import { addEntry } from './entries.ts';
import { look, putWriters, removeKey, storeValue, type WriterMark } from './held.ts';
import { type Entered, ended, enter, quarantineLeft } from './prologue.ts';
import type { Caller, SimServer } from './server.ts';

export interface Invalidation {
  readonly keys: readonly string[];
  readonly tags?: readonly string[];
}

export function invalidate(server: SimServer, caller: Caller, { keys, tags = [] }: Invalidation): DoneReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  for (const key of keys) if (look(state, key, caller.now)?.is !== 'mark') removeKey(state, key);
  addEntry(server, state, caller, keys, tags);
  return { is: 'ok', clock: state.meta.clock };
}

export interface MarkRequest extends Invalidation {
  readonly writer: string;
  /** Default: the longest mark. */
  readonly durationMs?: number;
}

/** `tags` are those of UNMARK: only `without.tagsAfterCommit` makes MARK invalidate them. */
export function mark(server: SimServer, caller: Caller, request: MarkRequest): MarkReply {
  const { options } = server;
  const { keys, tags = [], writer, durationMs = options.markMs } = request;
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const longestMs = state.meta.longestMark;
  if (durationMs > longestMs) return { is: 'tooLong', clock: state.meta.clock, longestMs };
  for (const key of keys) {
    const held = look(state, key, caller.now);
    const others: readonly WriterMark[] = held?.is === 'mark' && !options.without.markWriters ? held.writers : [];
    putWriters(state, key, [...others, { writer, deadline: caller.now + durationMs }], 'index');
  }
  addEntry(server, state, caller, keys, options.without.tagsAfterCommit ? tags : []);
  return { is: 'ok', clock: state.meta.clock, ...pending(server, state, caller, state.meta.clock) };
}

export interface UnmarkRequest extends Invalidation {
  readonly writer: string;
}

export function unmark(server: SimServer, caller: Caller, { keys, tags = [], writer }: UnmarkRequest): UnmarkReply {
  const { without } = server.options;
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const lost: string[] = [];
  for (const key of keys) {
    const held = look(state, key, caller.now);
    const writers = held?.is === 'mark' ? held.writers : [];
    const others = writers.filter((each) => each.writer !== writer);
    if (others.length < writers.length) {
      putWriters(state, key, others, 'index');
    } else if (!without.fallback) {
      lost.push(key);
      if (held?.is !== 'mark') removeKey(state, key);
    }
  }
  const late = without.tagsAfterCommit === 'mark' ? [] : tags;
  if (lost.length > 0 || late.length > 0) addEntry(server, state, caller, lost, late);
  const { clock } = state.meta;
  const after = lost.length > 0 ? pending(server, state, caller, clock) : NOTHING_PENDING;
  return { is: 'ok', clock, lost: lost.length, ...after };
}

/** Who has not acknowledged `clock` yet. */
export function acks(server: SimServer, caller: Caller, clock: number): AcksReply {
  const state = enter(server, caller, 'reads');
  if (ended(state)) return state;
  return { is: 'acks', clock: state.meta.clock, ...pending(server, state, caller, clock) };
}

export interface SetRequest {
  readonly key: string;
  readonly tags?: readonly string[];
  readonly payload: string;
  /** Default: the longest. */
  readonly ttlMs?: number;
}

export function set(server: SimServer, caller: Caller, { key, tags = [], payload, ttlMs }: SetRequest): SetReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  if (look(state, key, caller.now)?.is === 'mark') return { is: 'mark', clock: state.meta.clock };
  addEntry(server, state, caller, [key], []);
  const { clock } = state.meta;
  storeValue(server, state, caller, key, { f: clock, loadedAt: caller.now, tags, payload }, ttlMs);
  return { is: 'ok', clock };
}

const NOTHING_PENDING = { waiting: 0, quarantineMs: 0 };

/** acks-words.lua: live rows that do not show `clock` in this epoch, and the quarantine; nothing where nobody waits. */
function pending(server: SimServer, state: Entered, caller: Caller, clock: number) {
  const { leaseMs } = server.options;
  if (leaseMs === 0) return NOTHING_PENDING;
  let waiting = 0;
  for (const { epoch, applied, at } of state.replicas.values()) {
    const shown = epoch === state.meta.epoch && applied >= clock;
    if (!shown && at >= caller.now - leaseMs) waiting++;
  }
  return { waiting, quarantineMs: quarantineLeft(server, state, caller) };
}
