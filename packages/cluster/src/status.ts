/** What `npm start -- status --json` prints: field names are a contract (docs/HTTP.md, "The launcher"). */
export interface Status {
  readonly url: string;
  readonly console: string | null;
  readonly replicas: readonly ReplicaStatus[];
  readonly redis: ServerStatus;
  readonly postgres: ServerStatus;
  readonly nginx: { readonly pid: number | null };
  readonly settings: Settings;
}

export interface ReplicaStatus {
  readonly name: string;
  readonly url: string | null;
  /** Base URL of the private listener. */
  readonly internal: string | null;
  readonly pid: number | null;
  readonly state: ReplicaState;
  /** There, and true, while its process was made to stand still; `state` is `unreachable` then. */
  readonly paused?: true;
}

/** A replica's own word for its state; `down` when its process is gone, `unreachable` when it does not answer. */
export type ReplicaState = 'starting' | 'ready' | 'parked' | 'draining' | 'down' | 'unreachable';

export interface ServerStatus {
  /** Carries what is needed to log in. */
  readonly url: string | null;
  readonly pid: number | null;
}

export interface Settings {
  readonly protocol: 'guarded' | 'naive';
  readonly writes: 'bounded' | 'linearizable';
  readonly stalenessMs: number;
  readonly beatMs: number;
}
