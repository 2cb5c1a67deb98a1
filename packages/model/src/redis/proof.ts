import type { BlessReply, DoneReply, EpochReply, ProbeReply, Unreachable } from '@lockstep/cache/core/replies';
import { begin, ended, enter, epochReply, quarantineLeft } from './prologue.ts';
import type { Caller, Meta, SimServer } from './server.ts';

/** Where a round of the relay begins. */
export function probe(server: SimServer, caller: Caller): ProbeReply {
  const state = enter(server, caller, 'reads');
  if (ended(state)) return state;
  const { clock, probe, base, previous, blessed } = state.meta;
  return { is: 'probe', clock, probe, base, previous, quarantineMs: quarantineLeft(server, state, caller), blessed };
}

/** The caller's epoch is that in which the round began. */
export function prove(server: SimServer, caller: Caller, probe: number): DoneReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  state.meta = { ...state.meta, proved: Math.max(state.meta.proved, probe) };
  return { is: 'ok', clock: state.meta.clock };
}

/** The caller's epoch is that in which the round began; `epoch` is the one to bless. */
export function bless(server: SimServer, caller: Caller, epoch: string): BlessReply {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  const { without } = server.options;
  const { clock, previous } = state.meta;
  const young = quarantineLeft(server, state, caller) > 0 && !without.quarantine;
  if (young || (epoch !== previous && !without.blessPrevious)) return { is: 'refused', clock };
  state.meta = { ...state.meta, blessed: epoch };
  return { is: 'ok', clock };
}

/** A new epoch in place of the caller's `epoch`, which is the one that it was offered; `own` is the one that it is in. */
export function renew(server: SimServer, caller: Caller, own: string): EpochReply | Unreachable {
  const state = enter(server, caller, 'writes');
  if (ended(state)) return state;
  begin(server, state, caller, [own === caller.epoch ? '' : own, caller.epoch], caller.epoch);
  return epochReply(state.meta as Meta, caller);
}
