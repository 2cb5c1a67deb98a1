import { ClusterError } from '../errors.ts';

/**
 * Aborted by the first signal that asks us to end. The listeners stay for good: a second signal must not kill the
 * launcher while its children are still there, and Ctrl-C under npm arrives twice.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => controller.abort(new ClusterError('E_CLUSTER_STOPPED', `ended by ${name}`)));
  }
  return controller.signal;
}
