import { UsageError } from './errors.ts';
import { DOWN_LIMIT_MS, REPLICAS_DEFAULT, REPLICAS_MAX } from './limits.ts';
import { type Report, reportToStderr } from './report.ts';
import type { Settings } from './status.ts';

/** How a cluster is started. Everything has a default: three replicas, guarded, on free ports. */
export interface ClusterOptions {
  /** 1 to 16; default 3. */
  readonly replicas?: number;
  /** nginx' port; 0: any free one (default); null: 8080, or the first free one above it. */
  readonly port?: number | null;
  /** Starts a console, on `consolePort` (as `port`: 0 any, null 8090 or the first free one above it; default 0). */
  readonly console?: boolean;
  readonly consolePort?: number | null;
  /** Folder in which Postgres and Redis keep their data; without it they are temporary. */
  readonly keep?: string;
  readonly protocol?: Settings['protocol'];
  readonly writes?: Settings['writes'];
  /** S, the bound, in milliseconds. */
  readonly stalenessMs?: number;
  /** Puts a TCP link between each replica and each server it uses: see `Cluster.link`. Default false. */
  readonly links?: boolean;
  /** More of a replica's environment (`CACHE_...`, `LOG_LEVEL`). */
  readonly env?: Readonly<Record<string, string>>;
  /** Products in the database at the start; default true. */
  readonly seed?: boolean;
  /** False: returns as soon as replicas are ready, while L1 does not serve yet. */
  readonly awaitQuarantine?: boolean;
  /** Arguments for the Node process that is a replica. */
  readonly replicaCommand?: readonly string[];
  /** Arguments for the Node process that is the console. */
  readonly consoleCommand?: readonly string[];
  /** Arguments for the Node process that migrates and seeds, given DATABASE_URL; null: none is run. */
  readonly migrateCommand?: readonly string[] | null;
  /** Redis and Postgres that the caller has started, in place of processes of ours; they end with the cluster. */
  readonly servers?: OutsideServers;
  /** Where it is told what goes wrong meanwhile; default standard error. */
  readonly report?: Report;
  /** Shown every line that a member writes. */
  readonly showLine?: (name: string, line: string) => void;
  /** Ends the start; what was started is ended again. */
  readonly signal?: AbortSignal;
}

/** Servers that run elsewhere, as in containers: Postgres with the database that its URL names, both empty. */
export interface OutsideServers {
  readonly redis: OutsideServer;
  readonly postgres: OutsideServer;
}

export interface OutsideServer {
  /** Carries what is needed to log in; the same after each restart. */
  readonly url: string;
  /** Ends it, in good order or at once. */
  readonly end: (kill: boolean) => Promise<void>;
  /** Starts it again, with its data or, Redis only, without; returns when it serves. */
  readonly begin: (loseData: boolean) => Promise<void>;
  /** Ends and removes it for good; also when it is down. */
  readonly close: () => Promise<void>;
}

/** How a member is restarted. */
export interface RestartOptions {
  /** SIGKILL instead of a shutdown in good order. */
  readonly kill?: boolean;
  /** Starts it without its data: Redis only. */
  readonly loseData?: boolean;
  /** How long it stays down. */
  readonly downMs?: number;
}

export interface ResolvedOptions {
  readonly replicas: number;
  readonly port: number | null;
  /** Null: no console. */
  readonly console: { readonly port: number | null; readonly command: readonly string[] } | null;
  readonly keep: string | null;
  readonly settings: Settings;
  readonly links: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly awaitQuarantine: boolean;
  readonly replicaCommand: readonly string[];
  readonly migrateCommand: readonly string[] | null;
  readonly servers: OutsideServers | null;
  readonly report: Report;
  readonly showLine: ((name: string, line: string) => void) | null;
  readonly signal: AbortSignal | null;
}

const STALENESS_DEFAULT_MS = 1_000;
/** H, unless it is given: this part of S. */
const BEATS_PER_BOUND = 4;
const REPLICA = 'apps/api/src/main.ts';
const CONSOLE = 'apps/console/src/main.ts';
const MIGRATE = 'apps/api/src/migrate.ts';

/** Fills in the defaults; throws with every problem at once. */
export function resolveOptions(options: ClusterOptions): ResolvedOptions {
  const { replicas = REPLICAS_DEFAULT, port = 0, protocol = 'guarded', writes = 'bounded' } = options;
  const { stalenessMs = STALENESS_DEFAULT_MS, env = {}, seed = true } = options;
  const { consolePort = 0, consoleCommand = [CONSOLE] } = options;
  const problems = [
    ...(isReplicaCount(replicas) ? [] : [`replicas is ${replicas}; it is a whole number from 1 to ${REPLICAS_MAX}`]),
    ...(port === null || isPort(port) ? [] : [`port is ${port}; it is a whole number from 0 to 65535`]),
    ...(consolePort === null || isPort(consolePort)
      ? []
      : [`consolePort is ${consolePort}; it is a whole number from 0 to 65535`]),
    ...(isPositive(stalenessMs) ? [] : [`stalenessMs is ${stalenessMs}; it is a whole number of milliseconds from 1`]),
  ];
  if (problems.length > 0) throw new UsageError(problems);
  const beatMs = env.CACHE_BEAT_MS === undefined ? stalenessMs / BEATS_PER_BOUND : Number(env.CACHE_BEAT_MS);
  return {
    replicas,
    port,
    console: options.console === true ? { port: consolePort, command: consoleCommand } : null,
    keep: options.keep ?? null,
    settings: { protocol, writes, stalenessMs, beatMs },
    links: options.links ?? false,
    env,
    awaitQuarantine: options.awaitQuarantine ?? true,
    replicaCommand: options.replicaCommand ?? [REPLICA],
    migrateCommand:
      options.migrateCommand === undefined ? [MIGRATE, ...(seed ? ['--seed'] : [])] : options.migrateCommand,
    servers: options.servers ?? null,
    report: options.report ?? reportToStderr,
    showLine: options.showLine ?? null,
    signal: options.signal ?? null,
  };
}

export function isReplicaCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= REPLICAS_MAX;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

export function isDownTime(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= DOWN_LIMIT_MS;
}
