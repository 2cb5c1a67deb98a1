import type { Report } from '../report.ts';
import type { StateFile } from '../run/state-file.ts';
import type { Logs } from './logs.ts';

/** What every service of one cluster shares. */
export interface Site {
  /** The cluster's own folder, removed at its end. */
  readonly folder: string;
  readonly state: StateFile;
  readonly logs: Logs;
  readonly report: Report;
  /** Aborted when the cluster stops; its reason says so. */
  readonly signal: AbortSignal;
}

/** What servers get of our environment: enough to find libraries and programs, nothing that would configure them. */
export const SERVER_ENV: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};
