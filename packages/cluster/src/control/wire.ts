import { ClusterError, type ClusterErrorCode, UsageError } from '../errors.ts';
import { isDownTime, isReplicaCount, type RestartOptions } from '../options.ts';
import type { Status } from '../status.ts';

/**
 * What goes over a launcher's control socket: one order, one reply, each a line of JSON, then the end.
 */
export type Order =
  | { readonly command: 'status' }
  | { readonly command: 'scale'; readonly replicas: number }
  | { readonly command: 'restart'; readonly name: string; readonly options: RestartOptions }
  | { readonly command: 'stop' };

export type Reply =
  | { readonly ok: true; readonly status: Status | null }
  | { readonly ok: false; readonly code: ClusterErrorCode; readonly message: string };

/** The socket of a cluster in its folder. The name is short, as the path of a socket may not be long. */
export const SOCKET = 'control/s';

/** Reads an order; throws when it is none, as whoever sent it may be another version of us. */
export function parseOrder(text: string): Order {
  const value = parsed(text) as Partial<Record<'command' | 'name' | 'replicas' | 'options', unknown>>;
  if (value.command === 'status' || value.command === 'stop') return { command: value.command };
  if (value.command === 'scale' && typeof value.replicas === 'number' && isReplicaCount(value.replicas)) {
    return { command: 'scale', replicas: value.replicas };
  }
  if (value.command === 'restart' && typeof value.name === 'string') {
    return { command: 'restart', name: value.name, options: parseRestart(value.options) };
  }
  throw new ClusterError('E_CLUSTER_CONTROL', 'this launcher does not know that order: stop it, and start it anew');
}

function parseRestart(value: unknown): RestartOptions {
  const { kill, loseData, downMs } = (value ?? {}) as Record<string, unknown>;
  return {
    kill: kill === true,
    loseData: loseData === true,
    downMs: typeof downMs === 'number' && isDownTime(downMs) ? downMs : 0,
  };
}

/** Reads a reply; what the other side threw is thrown here. */
export function parseReply(text: string): Status | null {
  const reply = parsed(text) as Reply;
  if (reply.ok) return reply.status;
  if (reply.code === 'E_CLUSTER_OPTIONS') throw new UsageError(reply.message.split('\n'));
  throw new ClusterError(reply.code, reply.message);
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new ClusterError('E_CLUSTER_CONTROL', 'what came over the control socket is not what a launcher says');
}
