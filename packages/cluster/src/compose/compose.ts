import { join } from 'node:path';
import { COMPOSE_ORDER_MS } from '../limits.ts';
import { CHECKOUT } from '../run/base.ts';
import { type DockerOptions, docker } from './docker.ts';

/** One container of a project, as the engine sees it. */
export interface Container {
  readonly id: string;
  readonly service: string;
  /** Its number within the service, from 1. */
  readonly number: number;
  readonly running: boolean;
  readonly exitCode: number;
  readonly health: 'healthy' | 'unhealthy' | 'starting' | 'none';
  /** The port of this machine that leads to each of its ports (`8080/tcp`). */
  readonly published: Readonly<Record<string, number>>;
  /** Its address on each network, by the network's name less the project's. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** docker-compose.yml of this checkout as one project: its containers, networks and volumes have the project's name. */
export class Compose {
  readonly project: string;
  readonly #env: Readonly<Record<string, string>>;

  constructor(project: string, env: Readonly<Record<string, string>> = {}) {
    this.project = project;
    this.#env = env;
  }

  /** Runs one command of Compose and answers what it printed. */
  run(args: readonly string[], options: DockerOptions = {}): Promise<string> {
    const file = join(CHECKOUT, 'docker-compose.yml');
    const all = ['compose', '--ansi', 'never', '--progress', 'plain', '-p', this.project, '-f', file, ...args];
    const env = { ...this.#env, ...options.env };
    return docker(all, { limitMs: COMPOSE_ORDER_MS, ...options, env });
  }

  /** Everything of the project, running or not, by service and number. */
  async containers(): Promise<Container[]> {
    const label = `label=com.docker.compose.project=${this.project}`;
    const ids = (await docker(['ps', '--all', '--quiet', '--no-trunc', '--filter', label])).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const inspected = JSON.parse(await docker(['inspect', ...ids])) as Inspected[];
    return inspected
      .map((one) => containerOf(one, this.project))
      .sort((a, b) => a.service.localeCompare(b.service) || a.number - b.number);
  }

  /** Ends and removes everything of the project, its data too. */
  async remove(): Promise<void> {
    await this.run(['down', '--volumes', '--remove-orphans']);
  }
}

/** What of `docker inspect` is used. */
export interface Inspected {
  readonly Id: string;
  readonly Config: { readonly Labels: Readonly<Record<string, string>> };
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> | null;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

export function containerOf({ Id, Config, State, NetworkSettings }: Inspected, project: string): Container {
  const ports = Object.entries(NetworkSettings.Ports ?? {});
  const networks = Object.entries(NetworkSettings.Networks);
  return {
    id: Id,
    service: Config.Labels['com.docker.compose.service'] ?? '',
    number: Number(Config.Labels['com.docker.compose.container-number'] ?? 1),
    running: State.Running,
    exitCode: State.ExitCode,
    health: healthOf(State.Health?.Status),
    published: Object.fromEntries(ports.flatMap(([name, to]) => (to?.[0] ? [[name, Number(to[0].HostPort)]] : []))),
    addresses: Object.fromEntries(networks.map(([name, at]) => [name.slice(project.length + 1), at.IPAddress])),
  };
}

function healthOf(status = 'none'): Container['health'] {
  return status === 'healthy' || status === 'unhealthy' || status === 'starting' ? status : 'none';
}
