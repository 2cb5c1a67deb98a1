/** How a program takes part in a cluster that another process runs; used by the console. Brings no servers with it. */
export type { LinkRole, LinkStatus } from '../cluster.ts';
export { ClusterError, type ClusterErrorCode, UsageError } from '../errors.ts';
export type { Fault } from '../link/fault.ts';
export type { RestartOptions } from '../options.ts';
export type { ReplicaSignal } from '../processes/replica-signal.ts';
export type { ReplicaState, ReplicaStatus, ServerStatus, Settings, Status } from '../status.ts';
export { type ControlSession, connectCluster } from './control-session.ts';
