/** What a replica's process may be sent from without: stand still, go on, end at once. */
export type ReplicaSignal = 'SIGSTOP' | 'SIGCONT' | 'SIGKILL';

export function isReplicaSignal(value: unknown): value is ReplicaSignal {
  return value === 'SIGSTOP' || value === 'SIGCONT' || value === 'SIGKILL';
}
