import type { Cluster } from '../cluster.ts';
import { ClusterError, UsageError } from '../errors.ts';
import { COMPOSE_UP_MS, QUARANTINE_LIMIT_MS, READY_LIMIT_MS } from '../limits.ts';
import { isDownTime, isReplicaCount, type ResolvedOptions, type RestartOptions } from '../options.ts';
import { until, waited } from '../probe.ts';
import { epochsOf, quarantineOver } from '../processes/quarantine.ts';
import type { Instance } from '../run/instance.ts';
import type { ReplicaStatus, Status } from '../status.ts';
import type { Compose, Container } from './compose.ts';
import { docker } from './docker.ts';
import { ReplicaContainer } from './replica-container.ts';

/** What a cluster of containers holds from its start to its end. */
export interface ComposeHoldings {
  readonly compose: Compose;
  /** Of this machine: nginx', and the console's, if there is one. */
  readonly port: number;
  readonly consolePort: number | null;
  readonly resolved: ResolvedOptions;
  readonly instance: Instance;
}

/** A cluster of containers, started from docker-compose.yml; only nginx can be reached from this machine. */
export class ComposeCluster implements Cluster {
  readonly url: string;
  readonly #console: string | null;
  readonly #compose: Compose;
  readonly #options: ResolvedOptions;
  readonly #instance: Instance;
  readonly #end = new AbortController();
  /** What is wanted: Compose would take any other order for the three of its file. */
  #replicas: number;
  #orders: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | null = null;

  constructor({ compose, port, consolePort, resolved, instance }: ComposeHoldings) {
    this.url = `http://127.0.0.1:${port}`;
    this.#console = consolePort === null ? null : `http://127.0.0.1:${consolePort}`;
    this.#compose = compose;
    this.#options = resolved;
    this.#instance = instance;
    this.#replicas = resolved.replicas;
  }

  /** Builds what has to be built, and starts everything. On failure nothing is left. */
  async start(): Promise<void> {
    const interrupted = () => this.#end.abort(this.#options.signal?.reason);
    if (this.#options.signal?.aborted) interrupted();
    this.#options.signal?.addEventListener('abort', interrupted, { once: true });
    try {
      await this.#up([...this.#scaled(), '--build'], COMPOSE_UP_MS);
      if (this.#options.awaitQuarantine) await this.#quarantineOver(new Set());
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      this.#options.signal?.removeEventListener('abort', interrupted);
    }
  }

  async status(): Promise<Status> {
    const found = await this.#compose.containers();
    const replicas = found.filter(({ service }) => service === 'api').map((one) => new ReplicaContainer(one));
    const rows = await Promise.all(replicas.map((replica) => replica.status()));
    const listed = [...rows, ...this.#missing(rows)];
    const none = { url: null, pid: null };
    const { settings } = this.#options;
    return {
      url: this.url,
      console: this.#console,
      replicas: listed,
      redis: none,
      postgres: none,
      nginx: { pid: null },
      settings,
    };
  }

  scale(replicas: number): Promise<Status> {
    if (!isReplicaCount(replicas)) throw new UsageError([`a cluster cannot have ${replicas} replicas; 1 to 16`]);
    return this.#order(async () => {
      this.#replicas = replicas;
      await this.#up([...this.#scaled(), '--no-recreate', '--no-deps', 'api'], READY_LIMIT_MS);
    });
  }

  restart(name: string, { kill = false, loseData = false, downMs = 0 }: RestartOptions = {}): Promise<Status> {
    if (loseData && name !== 'redis')
      throw new UsageError([`only redis can be restarted without its data, not ${name}`]);
    if (!isDownTime(downMs)) throw new UsageError([`nothing can stay down for ${downMs} ms; 0 to 10 minutes`]);
    return this.#order(async () => {
      const { id } = await this.#find(name);
      await docker([kill ? 'kill' : 'stop', id], this.#patience());
      const former = name === 'redis' ? await epochsOf(await this.#present()) : new Set<string>();
      if (loseData) await this.#loseRedisData();
      await waited(downMs, this.#end.signal);
      if (loseData) await this.#up(['--no-recreate', '--no-deps', 'redis'], READY_LIMIT_MS);
      else await docker(['start', id], this.#patience());
      await this.#serves(name);
      if (name === 'redis') await this.#quarantineOver(former);
    });
  }

  link(): never {
    throw new ClusterError('E_CLUSTER_NO_LINKS', 'there are no links within containers: use the processes backend');
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#end.abort(new ClusterError('E_CLUSTER_STOPPED', 'the cluster is stopping'));
    await this.#orders;
    try {
      await this.#compose.remove();
    } finally {
      this.#instance.close();
    }
  }

  /** One order after the other: two of Compose at a time would undo each other. */
  #order(work: () => Promise<void>): Promise<Status> {
    const done = this.#orders.then(async () => {
      this.#end.signal.throwIfAborted();
      await work();
    });
    this.#orders = done.catch(() => undefined);
    return done.then(() => this.status());
  }

  async #up(args: readonly string[], limitMs: number): Promise<void> {
    await this.#compose.run(['up', '--detach', '--wait', ...args], { limitMs, signal: this.#end.signal });
  }

  #scaled(): string[] {
    return ['--scale', `api=${this.#replicas}`];
  }

  async #find(name: string): Promise<Container> {
    const found = await this.#compose.containers();
    const members = found.filter(({ service }) => service !== 'migrate' && service !== 'console');
    const nameOf = ({ service, number }: Container) => (service === 'api' ? `api-${number}` : service);
    const member = members.find((container) => nameOf(container) === name);
    if (member !== undefined) return member;
    throw new ClusterError('E_CLUSTER_NO_MEMBER', `there is no ${name}; there are ${members.map(nameOf).join(', ')}`);
  }

  async #serves(name: string): Promise<void> {
    const look = async () => (await this.#find(name)).health === 'healthy';
    await until(`${name} serving again`, look, { limitMs: READY_LIMIT_MS, signal: this.#end.signal });
  }

  /** A volume can be removed once nothing that ever used it is there. */
  async #loseRedisData(): Promise<void> {
    await this.#compose.run(['rm', '--force', '--stop', 'redis'], this.#patience());
    await docker(['volume', 'rm', `${this.#compose.project}_redis-data`], this.#patience());
  }

  async #present(): Promise<ReplicaContainer[]> {
    const found = await this.#compose.containers();
    return found.filter(({ service, running }) => service === 'api' && running).map((one) => new ReplicaContainer(one));
  }

  async #quarantineOver(former: ReadonlySet<string>): Promise<void> {
    const replicas = await this.#present();
    const limitMs = QUARANTINE_LIMIT_MS + 4 * this.#options.settings.stalenessMs;
    await quarantineOver(() => replicas, former, { limitMs, signal: this.#end.signal });
  }

  /** Replicas that are wanted and have no container, as when somebody has removed it. */
  #missing(rows: readonly ReplicaStatus[]): ReplicaStatus[] {
    const names = Array.from({ length: this.#replicas }, (_, index) => `api-${index + 1}`);
    return names
      .filter((name) => !rows.some((row) => row.name === name))
      .map((name) => ({ name, url: null, internal: null, pid: null, state: 'down' }));
  }

  #patience() {
    return { signal: this.#end.signal };
  }
}
