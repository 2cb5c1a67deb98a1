import type { ClockReply, FillReply, GetReply, LeaseReply, ReadReply } from '@lockstep/cache/core/replies';
import type { Asked } from './replica.ts';
import type { ReplicaName, ServerName } from './scope.ts';

/** Clocks and texts, as they matter for a reader of a trace. */
export function wordsOfReply(
  name: ReplicaName,
  server: ServerName,
  effect: Asked,
  reply: GetReply | ReadReply | LeaseReply | FillReply | ClockReply,
  loaded: number,
): string {
  const what = `${effect.do.toUpperCase()} of ${name} at ${server}`;
  if (reply.is === 'unreachable') return `${what}: no answer`;
  if (reply.is === 'epoch') return `${what}: EPOCH ${reply.epoch} clock ${reply.clock}`;
  if (reply.is === 'text' || reply.is === 'value') return `${what}: ${wordsOfText(reply.text)}`;
  if (effect.do === 'fill')
    return `${what} ${reply.is === 'stored' ? 'stores' : 'is refused:'} v${loaded} (f${effect.lease.f})`;
  if (reply.is === 'granted') return `${what} granted (f${reply.clock})`;
  return `${what}: ${reply.is === 'clock' ? `clock ${reply.clock}` : reply.is}`;
}

function wordsOfText(text: string | null): string {
  if (text === null) return 'none';
  const [kind, epoch, f] = text.split(' ');
  if (kind === 'V') return `value v${text.split('\n')[1]} (${epoch} f${f})`;
  return kind === 'L' ? 'lease' : 'mark';
}
