import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterError } from '../errors.ts';
import { DRAIN_LIMIT_MS } from '../limits.ts';
import type { Link } from '../link/link.ts';
import { ask, askJson } from '../probe.ts';
import { CHECKOUT } from '../run/base.ts';
import type { ReplicaState, ReplicaStatus, Settings } from '../status.ts';
import { Child } from './child.ts';
import type { LogFile } from './log-file.ts';
import type { Member, Service } from './member.ts';
import { SERVER_ENV, type Site } from './site.ts';

/** The links of one replica, by what it uses them for. */
export interface ReplicaLinks {
  /** Commands to Redis. */
  readonly command: Link;
  /** The subscription to Redis. */
  readonly bus: Link;
  /** Postgres. */
  readonly origin: Link;
}

export interface ReplicaOptions {
  readonly site: Site;
  readonly name: string;
  readonly port: number;
  readonly internalPort: number;
  /** Arguments for Node. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Asked at each start. */
  readonly protocol: () => Settings['protocol'];
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly links: ReplicaLinks | null;
}

/** What of a replica's own status matters here. */
export interface ReplicaView {
  readonly state: ReplicaState;
  readonly partitions: readonly PartitionView[];
}

interface PartitionView {
  readonly epoch: string;
  readonly quarantineMs: number;
}

/** One replica of the application: a Node process with a public and a private listener on loopback. */
export class ReplicaService implements Service {
  readonly name: string;
  readonly log: LogFile;
  readonly endSignal = 'SIGTERM';
  readonly endLimitMs = DRAIN_LIMIT_MS;
  readonly #options: ReplicaOptions;
  #speaks: Settings['protocol'] | null = null;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.name;
    this.log = options.site.logs.file(options.name);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.port}`;
  }

  get internal(): string {
    return `http://127.0.0.1:${this.#options.internalPort}`;
  }

  get links(): ReplicaLinks | null {
    return this.#options.links;
  }

  /** True while one of its links is in a fault. */
  get cutOff(): boolean {
    return Object.values(this.#options.links ?? {}).some(({ fault }: Link) => fault !== null);
  }

  /** The protocol with which its process was last started; null before. */
  get speaks(): Settings['protocol'] | null {
    return this.#speaks;
  }

  spawn(): Promise<Child> {
    const { site, command, protocol } = this.#options;
    this.#speaks = protocol();
    const env = { ...this.#env(), CACHE_PROTOCOL: this.#speaks };
    return Child.start(
      { name: this.name, program: nodeProgram(), args: command, cwd: CHECKOUT, env, user: null },
      this.log,
      site.state,
    );
  }

  #env(): Record<string, string> {
    const { name, port, internalPort, env, redisUrl, databaseUrl, links } = this.#options;
    return {
      ...SERVER_ENV,
      NODE_ENV: 'production',
      ...env,
      HOST: '127.0.0.1',
      PORT: String(port),
      INTERNAL_HOST: '127.0.0.1',
      INTERNAL_PORT: String(internalPort),
      REPLICA_NAME: name,
      REDIS_URL: links?.command.url ?? redisUrl,
      DATABASE_URL: links?.origin.url ?? databaseUrl,
      ...(links === null ? {} : { REDIS_BUS_URL: links.bus.url }),
    };
  }

  async serves(): Promise<boolean> {
    return (await ask(`${this.url}/readyz`))?.status === 200;
  }

  /** What it says of itself on its private listener; null when it does not answer. */
  async view(): Promise<ReplicaView | null> {
    const { state, partitions } = (await askJson(`${this.internal}/internal/status`)) ?? {};
    if (!isReplicaState(state)) return null;
    return { state, partitions: Array.isArray(partitions) ? (partitions as PartitionView[]) : [] };
  }

  /** Its row of the cluster's status. */
  async status({ pid, up, paused }: Pick<Member, 'pid' | 'up' | 'paused'>): Promise<ReplicaStatus> {
    const row = { name: this.name, url: this.url, internal: this.internal };
    if (pid === null) return { ...row, pid, state: 'down' };
    // Not asked, as everybody would wait for an answer that cannot come.
    if (paused) return { ...row, pid, state: 'unreachable', paused: true };
    return { ...row, pid, state: (await this.view())?.state ?? (up ? 'unreachable' : 'starting') };
  }
}

export function isReplicaState(state: unknown): state is ReplicaState {
  return typeof state === 'string' && ['starting', 'ready', 'parked', 'draining'].includes(state);
}

const NODE_MAJOR_LEAST = 24;

/** A Node that runs our TypeScript: this one, or the one that came with `npm ci` (not npm's link to it, but itself). */
export function nodeProgram(): string {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_LEAST) return process.execPath;
  const installed = join(CHECKOUT, 'node_modules/.bin/node');
  if (existsSync(installed)) return realpathSync(installed);
  throw new ClusterError(
    'E_CLUSTER_MISSING',
    `replicas need Node ${NODE_MAJOR_LEAST} or later, this is ${process.version}: run \`npm ci\`, which brings one`,
  );
}
