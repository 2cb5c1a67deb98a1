import { STOP_REPLICAS_MS } from '../limits.ts';
import { ask } from '../probe.ts';
import { CHECKOUT } from '../run/base.ts';
import { Child } from './child.ts';
import type { LogFile } from './log-file.ts';
import type { Service } from './member.ts';
import type { HeldPort } from './ports.ts';
import { nodeProgram } from './replica.ts';
import { SERVER_ENV, type Site } from './site.ts';

export interface ConsoleOptions {
  readonly site: Site;
  /** Arguments for Node. */
  readonly command: readonly string[];
  /** Held until the moment before the console listens on it. */
  readonly held: HeldPort;
  /** What it shows: nginx' URL, and where its launcher takes orders. */
  readonly clusterUrl: string;
  readonly controlSocket: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** The console: a Node process that observes the cluster from outside, and breaks it when somebody asks it to. */
export class ConsoleService implements Service {
  readonly name = 'console';
  readonly log: LogFile;
  readonly endSignal = 'SIGTERM';
  readonly endLimitMs = STOP_REPLICAS_MS;
  readonly #options: ConsoleOptions;
  #held: HeldPort | null;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#held = options.held;
    this.log = options.site.logs.file(this.name);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.held.port}`;
  }

  async spawn(): Promise<Child> {
    const { site, command } = this.#options;
    await this.dispose();
    return Child.start(
      { name: this.name, program: nodeProgram(), args: command, cwd: CHECKOUT, env: this.#env(), user: null },
      this.log,
      site.state,
    );
  }

  #env(): Record<string, string> {
    const { held, clusterUrl, controlSocket, databaseUrl, redisUrl } = this.#options;
    return {
      ...SERVER_ENV,
      NODE_ENV: 'production',
      CONSOLE_HOST: '127.0.0.1',
      CONSOLE_PORT: String(held.port),
      CONSOLE_CLUSTER: clusterUrl,
      CONTROL_SOCKET: controlSocket,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
    };
  }

  async serves(): Promise<boolean> {
    return (await ask(`${this.url}/healthz`))?.status === 200;
  }

  /** Gives the port back if the console never came to use it. */
  async dispose(): Promise<void> {
    await this.#held?.release();
    this.#held = null;
  }
}
