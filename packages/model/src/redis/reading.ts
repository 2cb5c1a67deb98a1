import type { ClockReply, FillReply, GetReply, LeaseReply, ReadReply } from '@lockstep/cache/core/replies';
import { acceptable, leaseIn, look, present, putKey, removeKey, storeValue, textOf } from './held.ts';
import { ended, enter, quarantineLeft } from './prologue.ts';
import { type Caller, DOWN, partitionOf, publish, type SimServer } from './server.ts';

/** A plain GET: no prologue, so any server that is up answers it, from whatever past it has. */
export function get(server: SimServer, caller: Pick<Caller, 'now' | 'partition'>, key: string): GetReply {
  if (server.accepts === 'nothing') return DOWN;
  const held = present(partitionOf(server, caller.partition), key, caller.now);
  return { is: 'text', text: held === undefined ? null : textOf(held) };
}

export function read(server: SimServer, caller: Caller, key: string): ReadReply {
  const state = enter(server, caller, 'reads');
  if (ended(state)) return state;
  const { clock } = state.meta;
  const held = look(state, key, caller.now);
  if (held?.is === 'value') {
    if (acceptable(server, state, held)) return { is: 'value', clock, text: textOf(held) };
    return { is: 'refused', clock, leftMs: 0 };
  }
  const lease = leaseIn(server, state, held);
  if (lease) return { is: 'lease', clock, leftMs: lease.expiresAt - caller.now };
  if (held?.is !== 'mark') return { is: 'none', clock, leftMs: 0 };
  const last = Math.max(...held.writers.map(({ deadline }) => deadline));
  return { is: 'mark', clock, leftMs: last - caller.now };
}

export interface LeaseRequest {
  readonly key: string;
  readonly token: string;
}

export function lease(server: SimServer, caller: Caller, { key, token }: LeaseRequest): LeaseReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const { clock, epoch } = state.meta;
  const held = look(state, key, caller.now);
  if (held?.is === 'mark') return { is: 'mark', clock };
  const other = leaseIn(server, state, held);
  if (other) {
    putKey(state, key, { ...other, epoch, waiters: other.waiters + 1 });
    return { is: 'lease', clock };
  }
  if (acceptable(server, state, held)) return { is: 'value', clock, text: textOf(held) };
  if (quarantineLeft(server, state, caller) > 0 && !server.options.without.quarantine) {
    return { is: 'quarantine', clock };
  }
  const expiresAt = caller.now + server.options.loadLimitMs;
  putKey(state, key, { is: 'lease', epoch, token, waiters: 0, expiresAt });
  return { is: 'granted', clock };
}

export interface FillRequest {
  readonly key: string;
  readonly token: string;
  readonly f: number;
  readonly tags?: readonly string[];
  readonly payload: string;
  /** Default: the longest. */
  readonly ttlMs?: number;
  /** Since the load began, ms. */
  readonly ageMs?: number;
}

/** The caller's epoch is the lease's [M9]. */
export function fill(server: SimServer, caller: Caller, request: FillRequest): FillReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const { key, token, f, tags = [], payload, ttlMs, ageMs = 0 } = request;
  const held = leaseIn(server, state, present(state, key, caller.now));
  if (held?.token !== token && !server.options.without.leaseToken) return { is: 'refused', clock: state.meta.clock };
  const loadedAt = caller.now - ageMs;
  storeValue(server, state, caller, key, { f, loadedAt, tags, payload }, ttlMs);
  if (held !== undefined && held.waiters > 0) publish(server, caller, { is: 'fill', key });
  return { is: 'stored', clock: state.meta.clock };
}

export function release(server: SimServer, caller: Caller, { key, token }: LeaseRequest): ClockReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const held = leaseIn(server, state, present(state, key, caller.now));
  if (held?.token === token) {
    removeKey(state, key);
    if (held.waiters > 0) publish(server, caller, { is: 'fill', key });
  }
  return { is: 'clock', clock: state.meta.clock };
}

export function clock(server: SimServer, caller: Caller): ClockReply {
  const state = enter(server, caller, 'reads');
  return ended(state) ? state : { is: 'clock', clock: state.meta.clock };
}
