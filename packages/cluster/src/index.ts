/** Starts, scales, breaks and stops a cluster on one machine; used by the launcher, by tests and by torture. */
export type { Cluster, LinkRole, LinkStatus, LocalCluster } from './cluster.ts';
export { findCluster } from './control/remote-cluster.ts';
export { ClusterError, type ClusterErrorCode, UsageError } from './errors.ts';
export type { Fault } from './link/fault.ts';
export { createLink, type Link, type LinkOptions } from './link/link.ts';
export type { ClusterOptions, OutsideServer, OutsideServers, RestartOptions } from './options.ts';
export { startCluster } from './start-cluster.ts';
export type { ReplicaState, ReplicaStatus, ServerStatus, Settings, Status } from './status.ts';
