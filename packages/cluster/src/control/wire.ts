import type { LinkRole } from '../cluster.ts';
import { ClusterError, type ClusterErrorCode, reasonOf, UsageError } from '../errors.ts';
import { type Fault, parseFault } from '../link/fault.ts';
import { isDownTime, isReplicaCount, type RestartOptions } from '../options.ts';
import { isReplicaSignal, type ReplicaSignal } from '../processes/replica-signal.ts';
import type { Settings } from '../status.ts';

/**
 * What goes over a launcher's control socket, each a line of JSON: one order, one reply, then the end; or the order
 * `session`, one reply, and then orders with an `id` of the client's, each replied to under that id when it is done.
 */
export type Order =
  | { readonly command: 'status' }
  | { readonly command: 'scale'; readonly replicas: number }
  | { readonly command: 'restart'; readonly name: string; readonly options: RestartOptions }
  | { readonly command: 'stop' }
  | { readonly command: 'session' }
  | FaultOrder;

/** What is undone when the session ends in which it was ordered, and may therefore be ordered in a session only. */
export type FaultOrder =
  | { readonly command: 'link'; readonly replica: string; readonly role: LinkRole; readonly fault: Fault | null }
  | { readonly command: 'links' }
  | { readonly command: 'signal'; readonly replica: string; readonly signal: ReplicaSignal }
  | { readonly command: 'protocol'; readonly protocol: Settings['protocol'] };

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ClusterErrorCode; readonly message: string };

/** The socket of a cluster in its folder. The name is short, as the path of a socket may not be long. */
export const SOCKET = 'control/s';

type Fields = Readonly<Record<string, unknown>>;

/** Reads an order; throws when it is none, as whoever sent it may be another version of us. */
export function parseOrder(text: string): Order {
  return orderOf(parsed(text));
}

/** Reads an order of a session, with the id under which it is replied to. */
export function parseSessionOrder(text: string): { readonly id: number; readonly order: () => Order } {
  const fields = parsed(text);
  if (!Number.isSafeInteger(fields.id)) throw unknownWords();
  // Read later, so that what is wrong with it is told under its id.
  return { id: fields.id as number, order: () => orderOf(fields) };
}

function orderOf(fields: Fields): Order {
  switch (fields.command) {
    case 'status':
    case 'stop':
    case 'session':
    case 'links':
      return { command: fields.command };
    case 'scale':
      return { command: 'scale', replicas: replicasOf(fields.replicas) };
    case 'restart':
      return { command: 'restart', name: textOf(fields.name, 'name'), options: restartOf(fields.options) };
    case 'link':
      return { ...linkOf(fields), fault: fields.fault === null ? null : parseFault(fields.fault) };
    case 'signal':
      return { command: 'signal', replica: textOf(fields.replica, 'replica'), signal: signalOf(fields.signal) };
    case 'protocol':
      return { command: 'protocol', protocol: protocolOf(fields.protocol) };
    default:
      throw new ClusterError('E_CLUSTER_CONTROL', 'this launcher does not know that order: stop it, and start it anew');
  }
}

function linkOf({ replica, role }: Fields): { command: 'link'; replica: string; role: LinkRole } {
  if (role !== 'command' && role !== 'bus' && role !== 'origin') {
    throw new UsageError([`a replica has no link ${JSON.stringify(role)}; there is command, bus or origin`]);
  }
  return { command: 'link', replica: textOf(replica, 'replica'), role };
}

function signalOf(signal: unknown): ReplicaSignal {
  if (isReplicaSignal(signal)) return signal;
  throw new UsageError([`a replica is sent no ${JSON.stringify(signal)}; it is SIGSTOP, SIGCONT or SIGKILL`]);
}

function protocolOf(protocol: unknown): Settings['protocol'] {
  if (protocol === 'guarded' || protocol === 'naive') return protocol;
  throw new UsageError([`there is no protocol ${JSON.stringify(protocol)}; it is guarded or naive`]);
}

function replicasOf(replicas: unknown): number {
  if (typeof replicas === 'number' && isReplicaCount(replicas)) return replicas;
  throw new UsageError([`a cluster cannot have ${JSON.stringify(replicas)} replicas; 1 to 16`]);
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new UsageError([`an order without a ${what}`]);
}

function restartOf(value: unknown): RestartOptions {
  const { kill, loseData, downMs } = (value ?? {}) as Fields;
  return {
    kill: kill === true,
    loseData: loseData === true,
    downMs: typeof downMs === 'number' && isDownTime(downMs) ? downMs : 0,
  };
}

/** What is replied to an order that failed. */
export function refusalOf(error: unknown): Reply {
  const code = error instanceof ClusterError ? error.code : 'E_CLUSTER_CONTROL';
  return { ok: false, code, message: reasonOf(error) };
}

/** Reads a reply; what the other side threw is thrown here. */
export function parseReply(text: string): unknown {
  return resultOf(parsed(text));
}

/** Reads a reply of a session. */
export function parseSessionReply(text: string): { readonly id: unknown; readonly value: () => unknown } {
  const fields = parsed(text);
  return { id: fields.id, value: () => resultOf(fields) };
}

function resultOf(fields: Fields): unknown {
  const reply = fields as Reply;
  if (reply.ok) return reply.value;
  if (reply.code === 'E_CLUSTER_OPTIONS') throw new UsageError(reply.message.split('\n'));
  throw new ClusterError(reply.code, reply.message);
}

function parsed(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Fields;
  } catch {
    // Said below.
  }
  throw unknownWords();
}

function unknownWords(): ClusterError {
  return new ClusterError('E_CLUSTER_CONTROL', 'what came over the control socket is not what a launcher says');
}
