import type { LinkRole, LinkStatus } from '../cluster.ts';
import { ClusterError } from '../errors.ts';
import { NGINX_PASSES_OVER_MS } from '../limits.ts';
import { createLink, type Link } from '../link/link.ts';
import type { ResolvedOptions } from '../options.ts';
import { waited } from '../probe.ts';
import type { ReplicaStatus, Settings } from '../status.ts';
import { Member } from './member.ts';
import { LINKS_PER_REPLICA, type Ports } from './ports.ts';
import { type ReplicaLinks, ReplicaService } from './replica.ts';
import type { Server } from './server.ts';
import type { Site } from './site.ts';

/** A replica: the process, and what is known about it. */
interface Replica {
  readonly service: ReplicaService;
  readonly member: Member;
}

export interface ReplicasOptions {
  readonly site: Site;
  readonly ports: Ports;
  readonly resolved: ResolvedOptions;
  readonly redis: Target;
  readonly postgres: Target;
}

/** What replicas connect to. */
type Target = Pick<Server, 'url' | 'socket'>;

/** The replicas of a cluster: api-1 to api-N, each on the ports of its number. */
export class Replicas {
  readonly #options: ReplicasOptions;
  /** By number; in order, as they are only added and removed at the end. */
  readonly #replicas: Replica[] = [];
  #protocol: Settings['protocol'];
  /** Orders that concern all of them: one after the other. */
  #orders: Promise<unknown> = Promise.resolve();

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#protocol = options.resolved.settings.protocol;
  }

  /** What is spoken by those that start from now on. */
  get protocol(): Settings['protocol'] {
    return this.#protocol;
  }

  /** Those whose process is there. */
  present(): ReplicaService[] {
    return this.#replicas.filter(({ member }) => member.pid !== null).map(({ service }) => service);
  }

  status(): Promise<ReplicaStatus[]> {
    return Promise.all(this.#replicas.map(({ service, member }) => service.status(member)));
  }

  member(name: string): Member | null {
    return this.#replicas.find(({ service }) => service.name === name)?.member ?? null;
  }

  links(name: string): ReplicaLinks | null {
    return this.#replicas.find(({ service }) => service.name === name)?.service.links ?? null;
  }

  linkStatus(): LinkStatus[] {
    return this.#replicas.flatMap(({ service }) =>
      Object.entries(service.links ?? {}).map(([role, { fault, connections, lost }]) => {
        return { replica: service.name, role: role as LinkRole, fault, connections, lost };
      }),
    );
  }

  names(): string[] {
    return this.#replicas.map(({ service }) => service.name);
  }

  /**
   * Resolves when nginx has somebody to turn to without this one:
   *   1: one after the other is restarted, and nginx, which was refused by each of them, passes over it for a while
   *   2: they are up again   3: the last one leaves, and nginx turns to nobody.
   */
  othersFound(name: string): Promise<void> {
    const others = this.#replicas.filter(({ service }) => service.name !== name);
    return waited(passedOverMs(others), this.#options.site.signal);
  }

  /** Starts or drains until there are so many. */
  scale(count: number): Promise<void> {
    return this.#inTurn(() => this.#scale(count));
  }

  /**
   * Restarts those that speak another protocol, one after the other and so that nginx always has somebody to turn to;
   * what starts meanwhile speaks the new one.
   */
  speak(protocol: Settings['protocol']): Promise<void> {
    return this.#inTurn(async () => {
      const { signal } = this.#options.site;
      signal.throwIfAborted();
      this.#protocol = protocol;
      for (const replica of [...this.#replicas]) {
        if (replica.service.speaks === protocol) continue;
        const whileUp = () => this.othersFound(replica.service.name);
        await replica.member.restart({ kill: false, downMs: 0, whileUp });
      }
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#orders.then(work);
    this.#orders = done.catch(() => undefined);
    return done;
  }

  async stop(signal: NodeJS.Signals, limitMs: number): Promise<void> {
    await Promise.all(this.#replicas.map(({ member }) => member.stop(signal, limitMs)));
    await this.#orders;
    await Promise.all(this.#replicas.map(({ service }) => closeLinks(service)));
  }

  async #scale(count: number): Promise<void> {
    const { signal } = this.#options.site;
    signal.throwIfAborted();
    const before = this.#replicas.length;
    if (count < before) return this.#drain(count);
    try {
      for (let number = before + 1; number <= count; number++) this.#replicas.push(await this.#create(number));
      await allOf(this.#replicas.slice(before).map(({ member }) => member.start()));
    } catch (error) {
      // All or nothing: a caller who asked for six must not be left with five and an error.
      if (!signal.aborted) await this.#drain(before);
      throw error;
    }
  }

  /** Ends those with the highest numbers, together; they are listed until they are gone. */
  async #drain(count: number): Promise<void> {
    const leaving = this.#replicas.slice(count);
    await Promise.all(leaving.map(({ member }) => member.retire()));
    await Promise.all(leaving.map(({ service }) => closeLinks(service)));
    this.#replicas.length = count;
  }

  async #create(number: number): Promise<Replica> {
    const { site, ports, resolved, redis, postgres } = this.#options;
    const service = new ReplicaService({
      site,
      name: `api-${number}`,
      port: portOf(ports.replicas, number - 1),
      internalPort: portOf(ports.internals, number - 1),
      command: resolved.replicaCommand,
      env: replicaEnvironment(resolved),
      protocol: () => this.#protocol,
      redisUrl: redis.url,
      databaseUrl: postgres.url,
      links: resolved.links ? await this.#links(number) : null,
    });
    return { service, member: new Member(service, site.report, site.signal) };
  }

  async #links(number: number): Promise<ReplicaLinks> {
    const { ports, redis, postgres } = this.#options;
    const first = (number - 1) * LINKS_PER_REPLICA;
    const opening = [redis, redis, postgres].map(({ url, socket }, index) =>
      createLink({ target: url, socket, port: portOf(ports.links, first + index) }),
    );
    try {
      const [command, bus, origin] = (await allOf(opening)) as [Link, Link, Link];
      return { command, bus, origin };
    } catch (error) {
      for (const link of opening) await link.then((opened) => opened.close()).catch(() => undefined);
      throw error;
    }
  }
}

/** How long until nginx turns to one of these again, of which each has refused connections before it was up, ms. */
function passedOverMs(others: readonly Replica[]): number {
  const up = others.map(({ member }) => member.upSince).filter((since) => since !== null);
  return up.length === 0 ? 0 : Math.max(0, Math.min(...up) + NGINX_PASSES_OVER_MS - performance.now());
}

/** As Promise.all, but it waits for all of them also when one has failed, so that nothing is still under way then. */
async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

/** What the cluster's settings say to a replica; what the caller gave goes before the defaults, not before the settings. */
function replicaEnvironment({ env, settings }: ResolvedOptions): Record<string, string> {
  return {
    ...env,
    CACHE_WRITES: settings.writes,
    CACHE_STALENESS_MS: String(settings.stalenessMs),
  };
}

async function closeLinks({ links }: ReplicaService): Promise<void> {
  if (links !== null) await Promise.all(Object.values(links).map((link) => link.close()));
}

function portOf(ports: readonly number[], index: number): number {
  const port = ports[index];
  if (port === undefined) throw new ClusterError('E_CLUSTER_PORT', `there is no slot ${index + 1}`);
  return port;
}
