import type { EpochReply, Unreachable } from '@lockstep/cache/core/replies';
import { type Caller, DOWN, type Meta, type PartitionState, partitionOf, REFUSED, type SimServer } from './server.ts';

/** Epochs that `past` keeps, as in prologue.lua. */
const PAST = 16;

/** A partition whose meta is there. */
export type Entered = PartitionState & { meta: Meta };

/** How a script is answered by a deposed primary: refused, unless `without.writingReads` lets those through that read. */
export type Kind = 'reads' | 'writes';

/**
 * The prologue of every script: the state to work on, or the answer with which the script ends. A caller asks `ended`
 * which of them it is.
 */
export function enter(server: SimServer, caller: Caller, kind: Kind): Entered | EpochReply | Unreachable {
  if (server.accepts === 'nothing') return DOWN;
  if (server.accepts === 'reads' && !(kind === 'reads' && server.options.without.writingReads)) return REFUSED;
  const state = partitionOf(server, caller.partition);
  if (state.meta === null) begin(server, state, caller, [caller.epoch], null);
  else if (state.meta.id !== identity(server)) begin(server, state, caller, [state.meta.epoch], state.meta.epoch);
  const entered = state as Entered;
  return entered.meta.epoch === caller.epoch ? entered : epochReply(entered.meta, caller);
}

export function ended(entered: Entered | EpochReply | Unreachable): entered is EpochReply | Unreachable {
  return 'is' in entered;
}

/** `begin_epoch`: the clock goes on from where any trace of it says that it was. `previous`: the epoch that ends here. */
export function begin(
  server: SimServer,
  state: PartitionState,
  caller: Caller,
  succeeded: readonly string[],
  previous: string | null,
): void {
  const { meta } = state;
  const past = [...(meta?.past ?? [])];
  for (const epoch of succeeded) if (epoch !== '' && epoch !== past.at(-1)) past.push(epoch);
  const clock = Math.max(meta?.clock ?? 0, state.lastId);
  state.meta = {
    epoch: caller.nonce,
    clock,
    base: clock,
    id: identity(server),
    since: caller.now,
    past: past.slice(-PAST),
    previous,
    blessed: server.options.without.blessingEnds ? (meta?.blessed ?? null) : null,
    probe: meta?.probe ?? 0,
    proved: meta?.proved ?? 0,
    longestMark: meta?.longestMark ?? server.options.markMs,
    longestTtl: meta?.longestTtl ?? 0,
    floor: meta?.floor ?? 0,
  };
}

export function epochReply({ epoch, clock, past, since }: Meta, { now }: Caller): EpochReply {
  return { is: 'epoch', epoch, clock, past, since, now };
}

/** What is left of the epoch's quarantine, ms. */
export function quarantineLeft({ options }: SimServer, { meta }: Entered, { now }: Caller): number {
  return Math.max(0, meta.since + meta.longestMark + options.beyondMarkMs - now);
}

/** What is compared with `meta.id`. */
function identity({ replid, runId, options }: SimServer): string {
  return options.without.replid ? runId : replid;
}
