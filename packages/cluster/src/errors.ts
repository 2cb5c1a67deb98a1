/**
 * Every error of the cluster has a stable `code`: what happened, what was expected and what to do stand in its message.
 */
export type ClusterErrorCode =
  /** Options do not fit: `problems` lists all of them. */
  | 'E_CLUSTER_OPTIONS'
  /** redis-server, nginx or Postgres are not on this machine. */
  | 'E_CLUSTER_MISSING'
  /** The folder for what runs, or the one given to keep data in, cannot be used. */
  | 'E_CLUSTER_FOLDER'
  /** No port is free, or the one asked for is taken. */
  | 'E_CLUSTER_PORT'
  /** A process could not be started, or ended before it served. */
  | 'E_CLUSTER_START'
  /** Something did not come to serve within its limit. */
  | 'E_CLUSTER_NOT_READY'
  /** No member has that name. */
  | 'E_CLUSTER_NO_MEMBER'
  /** Too many orders wait for the same member. */
  | 'E_CLUSTER_BUSY'
  /** The cluster is stopping or has stopped. */
  | 'E_CLUSTER_STOPPED'
  /** The cluster was started without links. */
  | 'E_CLUSTER_NO_LINKS'
  /** A launcher was found and did not answer as it should. */
  | 'E_CLUSTER_CONTROL'
  /** There is no console, or it failed at what it was asked for. */
  | 'E_CLUSTER_CONSOLE'
  /** No launcher of this checkout is running, or none at the URL that was named. */
  | 'E_CLUSTER_NONE'
  /** What was asked for is not offered by the backend that runs the cluster. */
  | 'E_CLUSTER_BACKEND'
  /** There is no Docker engine, or it failed at what it was asked for. */
  | 'E_CLUSTER_ENGINE'
  /** A placeholder of a template has no value, or a value no placeholder. */
  | 'E_CLUSTER_TEMPLATE';

export class ClusterError extends Error {
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}

/** All problems of a command or of options at once, one line each. */
export class UsageError extends ClusterError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('E_CLUSTER_OPTIONS', problems.join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
  }
}

/** What an unknown thrown value says, in one line or more. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for a system error with one of the codes (`ENOENT`, ...). */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
