import { join } from 'node:path';
import type { LinkRole, LinkStatus, LocalCluster } from '../cluster.ts';
import { type ControlServer, serveControl } from '../control/server.ts';
import { SOCKET } from '../control/wire.ts';
import { ClusterError, reasonOf, UsageError } from '../errors.ts';
import { ERRAND_LIMIT_MS, QUARANTINE_LIMIT_MS, STOP_REPLICAS_MS, STOP_SERVERS_MS } from '../limits.ts';
import type { Link } from '../link/link.ts';
import { isDownTime, isReplicaCount, type ResolvedOptions, type RestartOptions } from '../options.ts';
import { CHECKOUT } from '../run/base.ts';
import type { Instance } from '../run/instance.ts';
import type { Settings, Status } from '../status.ts';
import { runErrand } from './child.ts';
import { ConsoleService } from './console.ts';
import type { Keep } from './keep.ts';
import type { Logs } from './logs.ts';
import { Member } from './member.ts';
import { NginxService, PROXY_TIMES } from './nginx.ts';
import type { HeldPort, Ports } from './ports.ts';
import type { Programs } from './programs.ts';
import { epochsOf, quarantineOver } from './quarantine.ts';
import { nodeProgram } from './replica.ts';
import type { ReplicaSignal } from './replica-signal.ts';
import { Replicas } from './replicas.ts';
import { outsideServer, ownPostgres, ownRedis, type Server } from './server.ts';
import { SERVER_ENV, type Site } from './site.ts';

/** What a cluster of processes holds from its start to its end. */
export interface Holdings {
  readonly instance: Instance;
  readonly logs: Logs;
  readonly ports: Ports;
  readonly publicPort: HeldPort;
  /** Null: no console. */
  readonly consolePort: HeldPort | null;
  readonly keep: Keep;
  readonly programs: Programs;
}

/** A cluster of processes on loopback, children of this process. */
export class ProcessCluster implements LocalCluster {
  readonly #options: ResolvedOptions;
  readonly #holdings: Holdings;
  readonly #site: Site;
  readonly #redis: Server;
  readonly #postgres: Server;
  readonly #nginx: NginxService;
  readonly #nginxMember: Member;
  readonly #replicas: Replicas;
  readonly #console: Member<ConsoleService> | null;
  readonly #end = new AbortController();
  #control: ControlServer | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: ResolvedOptions, holdings: Holdings) {
    const { instance, logs, ports, publicPort, keep, programs } = holdings;
    this.#options = options;
    this.#holdings = holdings;
    const signal = this.#end.signal;
    const { report } = options;
    const site: Site = { folder: instance.folder, state: instance.state, logs, report, signal };
    this.#site = site;
    const { credentials, kept } = keep;
    const { servers } = options;
    this.#redis =
      servers === null
        ? ownRedis(site, {
            program: programs.redis,
            port: ports.redis,
            password: credentials.redis,
            dataFolder: keep.redis,
          })
        : outsideServer(site, servers.redis);
    this.#postgres =
      servers === null
        ? ownPostgres(site, { port: ports.postgres, password: credentials.postgres, dataFolder: keep.postgres, kept })
        : outsideServer(site, servers.postgres);
    this.#nginx = new NginxService({
      site,
      program: programs.nginx,
      held: publicPort,
      slots: ports.replicas,
      times: PROXY_TIMES,
    });
    this.#nginxMember = new Member(this.#nginx, report, signal);
    this.#replicas = new Replicas({ site, ports, resolved: options, redis: this.#redis, postgres: this.#postgres });
    this.#console = this.#consoleMember({ redisUrl: this.#redis.url, databaseUrl: this.#postgres.url });
  }

  #consoleMember(urls: { redisUrl: string; databaseUrl: string }): Member<ConsoleService> | null {
    const { instance, consolePort: held } = this.#holdings;
    const { console: wished, report } = this.#options;
    if (wished === null || held === null) return null;
    const controlSocket = join(instance.folder, SOCKET);
    const { command } = wished;
    const service = new ConsoleService({
      site: this.#site,
      command,
      held,
      clusterUrl: this.url,
      controlSocket,
      ...urls,
    });
    return new Member(service, report, this.#end.signal);
  }

  get url(): string {
    return this.#nginx.url;
  }

  /** Where the console gives its orders, and others may; null without a console. */
  get control(): ControlServer | null {
    return this.#control;
  }

  /** Starts everything, as much as possible at the same time. On failure nothing is left. */
  async start(): Promise<void> {
    const interrupted = () => this.#end.abort(this.#options.signal?.reason);
    if (this.#options.signal?.aborted) interrupted();
    this.#options.signal?.addEventListener('abort', interrupted, { once: true });
    try {
      await this.#together(this.#startNginx(), this.#redis.start(), this.#startPostgres());
      await this.#replicas.scale(this.#options.replicas);
      const quarantine = this.#options.awaitQuarantine ? this.#quarantineOver(new Set()) : Promise.resolve();
      await this.#together(quarantine, this.#startConsole());
    } catch (error) {
      // What made it fail is what is told; what else went wrong while it was undone is said beside it.
      await this.stop().catch((second: unknown) => this.#options.report(reasonOf(second)));
      throw error;
    } finally {
      this.#options.signal?.removeEventListener('abort', interrupted);
    }
  }

  /** Waits for all of them, also when one has failed, which ends the others; throws what failed first. */
  async #together(...works: Promise<void>[]): Promise<void> {
    for (const work of works) work.catch((error: unknown) => this.#end.abort(error));
    await Promise.allSettled(works);
    this.#end.signal.throwIfAborted();
  }

  async #startNginx(): Promise<void> {
    this.#nginx.prepare();
    await this.#nginxMember.start();
  }

  async #startPostgres(): Promise<void> {
    await this.#postgres.start();
    const args = this.#options.migrateCommand;
    if (args === null) return;
    const { logs, state, signal } = this.#site;
    const env = { ...SERVER_ENV, ...this.#options.env, DATABASE_URL: this.#postgres.url };
    const command = { name: 'migrate', program: nodeProgram(), args, cwd: CHECKOUT, env, user: null };
    await runErrand(command, logs.file('migrate'), state, { limitMs: ERRAND_LIMIT_MS, signal });
  }

  /** Whoever observes shares no fate with what is observed: a console that cannot start is told of, and left out. */
  async #startConsole(): Promise<void> {
    if (this.#console === null) return;
    this.#control = await serveControl(this, this.#holdings.instance.folder, this.#options.report);
    try {
      await this.#console.start();
    } catch (error) {
      this.#end.signal.throwIfAborted();
      this.#options.report(`there is no console: ${reasonOf(error)}`);
    }
  }

  async status(): Promise<Status> {
    const server = ({ url, pid }: Server) => ({ url, pid });
    return {
      url: this.url,
      console: this.#console?.started ? this.#console.service.url : null,
      replicas: await this.#replicas.status(),
      redis: server(this.#redis),
      postgres: server(this.#postgres),
      nginx: { pid: this.#nginxMember.pid },
      settings: { ...this.#options.settings, protocol: this.#replicas.protocol },
    };
  }

  async scale(replicas: number): Promise<Status> {
    if (!isReplicaCount(replicas)) throw new UsageError([`a cluster cannot have ${replicas} replicas; 1 to 16`]);
    await this.#replicas.scale(replicas);
    return this.status();
  }

  async restart(name: string, options: RestartOptions = {}): Promise<Status> {
    const { kill = false, loseData = false, downMs = 0 } = options;
    if (loseData && name !== 'redis')
      throw new UsageError([`only redis can be restarted without its data, not ${name}`]);
    if (!isDownTime(downMs)) throw new UsageError([`nothing can stay down for ${downMs} ms; 0 to 10 minutes`]);
    if (name === 'redis') await this.#restartRedis(kill, loseData, downMs);
    else if (name === 'postgres') await this.#postgres.restart({ kill, downMs, loseData });
    else if (kill || name === 'nginx') await this.#member(name).restart({ kill, downMs });
    else await this.#member(name).restart({ kill, downMs, whileUp: () => this.#replicas.othersFound(name) });
    return this.status();
  }

  async #restartRedis(kill: boolean, loseData: boolean, downMs: number): Promise<void> {
    let former: ReadonlySet<string> = new Set();
    await this.#redis.restart({
      kill,
      downMs,
      loseData,
      // Asked while Redis is down: nobody can enter another epoch meanwhile.
      whileDown: async () => {
        former = await epochsOf(this.#replicas.present());
      },
    });
    await this.#quarantineOver(former);
  }

  #quarantineOver(former: ReadonlySet<string>): Promise<void> {
    const limitMs = QUARANTINE_LIMIT_MS + 4 * this.#options.settings.stalenessMs;
    return quarantineOver(() => this.#replicas.present(), former, { limitMs, signal: this.#end.signal });
  }

  #member(name: string): Member {
    const member = name === 'nginx' ? this.#nginxMember : this.#replicas.member(name);
    if (member !== null) return member;
    const names = [...this.#replicas.names(), 'redis', 'postgres', 'nginx'];
    throw new ClusterError('E_CLUSTER_NO_MEMBER', `there is no ${name}; there are ${names.join(', ')}`);
  }

  link(replica: string, role: LinkRole): Link {
    const links = this.#replicas.links(replica);
    if (links !== null) return links[role];
    throw this.#options.links
      ? new ClusterError('E_CLUSTER_NO_MEMBER', `there is no replica ${replica}`)
      : new ClusterError('E_CLUSTER_NO_LINKS', 'the cluster has no links: start it with `links: true`');
  }

  links(): LinkStatus[] {
    return this.#replicas.linkStatus();
  }

  async signal(replica: string, signal: ReplicaSignal): Promise<void> {
    this.#end.signal.throwIfAborted();
    const member = this.#replicas.member(replica);
    if (member === null) throw new ClusterError('E_CLUSTER_NO_MEMBER', `there is no replica ${replica}`);
    // What is down stands still no more than what goes on.
    if (member.signal(signal) || signal === 'SIGCONT') return;
    throw new ClusterError('E_CLUSTER_NO_MEMBER', `${replica} is down: there is no process to send ${signal} to`);
  }

  async protocol(protocol: Settings['protocol']): Promise<Status> {
    await this.#replicas.speak(protocol);
    if (this.#options.awaitQuarantine) await this.#quarantineOver(new Set());
    return this.status();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#end.abort(new ClusterError('E_CLUSTER_STOPPED', 'the cluster is stopping'));
    // Replicas first, so that what they finish still finds Redis and Postgres, and its answer nginx; beside them the
    // console, whose orders would only fail from here on.
    const errors = [
      ...(await failures([
        this.#console?.stop('SIGTERM', STOP_REPLICAS_MS),
        this.#control?.endSessions(),
        this.#replicas.stop('SIGTERM', STOP_REPLICAS_MS),
      ])),
      ...(await failures([
        this.#nginxMember.stop('SIGTERM', STOP_SERVERS_MS),
        this.#redis.stop(STOP_SERVERS_MS),
        this.#postgres.stop(STOP_SERVERS_MS),
      ])),
    ];
    const { logs, ports, keep, instance } = this.#holdings;
    await this.#nginx.dispose();
    await this.#console?.service.dispose();
    await ports.release();
    logs.close();
    keep.release();
    // Not awaited: whoever ordered the end is connected until it has come.
    void this.#control?.close();
    instance.close();
    if (errors.length > 0) throw errors[0];
  }
}

async function failures(works: readonly (Promise<unknown> | undefined)[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(works);
  return settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
}
