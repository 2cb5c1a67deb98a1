import type { BusMessage } from '@lockstep/cache/core/entry';
import type { Operation } from '../engine/system.ts';

/** An invalidation as it was published. */
type Message = BusMessage & { readonly is: 'entry' };

/**
 * All that was ever published. A message may arrive at any time, after any other, twice, or never: more than a bus does
 * that loses, delays and overtakes, and fewer states than its queues.
 */
export interface Bus {
  messages: readonly Message[];
}

export function performOnBus(bus: Bus, operation: Operation): void {
  const message = operation.with as Message;
  const known = bus.messages.some(({ epoch, entry }) => epoch === message.epoch && entry.clock === message.entry.clock);
  if (!known) bus.messages = [...bus.messages, message].sort(byPlace);
}

/** The order of publication is no part of the state. */
function byPlace(one: Message, other: Message): number {
  if (one.epoch !== other.epoch) return one.epoch < other.epoch ? -1 : 1;
  return one.entry.clock - other.entry.clock;
}
