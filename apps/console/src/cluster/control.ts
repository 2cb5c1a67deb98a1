import type { ControlSession } from '@lockstep/cluster/control';

/**
 * What the console can do to a cluster beside looking at it: what a session with its launcher can. What was done with
 * `link`, `signal` and `protocol` is undone by the launcher when the session ends, also when the console was killed.
 */
export type Control = Pick<ControlSession, 'status' | 'scale' | 'restart' | 'link' | 'signal' | 'protocol'>;
