import type { BeatReply, EpochReply, Unreachable } from '@lockstep/cache/core/replies';
import { byScore, oldest, SWEEP, sweepTags } from './entries.ts';
import { look, putWriters, removeMark } from './held.ts';
import { put, without } from './maps.ts';
import { type Entered, ended, enter } from './prologue.ts';
import type { Caller, SimServer } from './server.ts';

/** Beats between two sweeps of rows; the same in beat.lua. */
const ROWS_EVERY = 16;

export interface BeatRequest {
  /** Name and nonce of this start of the replica: the row's key. */
  readonly replica: string;
  readonly applied: number;
}

/** The pulled proof: notes that the replica is alive and what it has applied, answers what it is missing, and sweeps. */
export function beat(
  server: SimServer,
  caller: Caller,
  { replica, applied }: BeatRequest,
): BeatReply | EpochReply | Unreachable {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const { options } = server;
  const { now } = caller;
  const { meta } = state;
  state.meta = {
    ...meta,
    probe: meta.probe + 1,
    longestMark: Math.max(meta.longestMark, options.markMs),
    longestTtl: Math.max(meta.longestTtl, options.l2TtlMs),
  };
  const { clock, epoch, probe, proved, since, longestMark } = state.meta;
  state.replicas = put(state.replicas, replica, { epoch, applied, at: now });
  if (probe % ROWS_EVERY === 0) {
    for (const [row, { at }] of state.replicas) {
      if (at < now - options.rowAgeMs) state.replicas = without(state.replicas, row);
    }
  }
  if (state.tags.size > 0) sweepTags(server, state, oldest(state.tags, now - state.meta.longestTtl));
  for (const deadline of state.marks.values()) {
    if (deadline > now) continue;
    sweepMarks(state, now);
    break;
  }
  return {
    is: 'beat',
    clock,
    now,
    since,
    longestMarkMs: longestMark,
    probe,
    proved,
    page: page(server, state, applied),
  };
}

function sweepMarks(state: Entered, now: number): void {
  const due = [...state.marks].filter(([, deadline]) => deadline <= now).sort(byScore(([, deadline]) => deadline));
  for (const [key] of due.slice(0, SWEEP)) {
    const held = look(state, key, now);
    if (held?.is === 'mark') putWriters(state, key, held.writers, 'index');
    else removeMark(state, key);
  }
}

function page({ options }: SimServer, { meta, journal }: Entered, applied: number): BeatReply['page'] {
  if (applied >= meta.clock) return [];
  const from = journal.findIndex((entry) => entry.clock > applied);
  if (from < 0 || journal[from]?.clock !== applied + 1) return 'trimmed';
  return journal.slice(from, from + options.page);
}
