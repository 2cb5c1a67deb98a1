import { chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SHUTDOWN_LIMIT_MS } from '../limits.ts';
import { ask } from '../probe.ts';
import { CHECKOUT } from '../run/base.ts';
import { Child } from './child.ts';
import type { LogFile } from './log-file.ts';
import type { Service } from './member.ts';
import type { HeldPort } from './ports.ts';
import { SERVER_ENV, type Site } from './site.ts';
import { render } from './template.ts';
import { helper, type User } from './user.ts';

/** How long nginx waits for replicas. */
export interface ProxyTimes {
  /** To accept a connection: over it, the next is tried. */
  readonly connectMs: number;
  /** Between two reads of an answer. Longer than the longest honest one: a load that waits for another's lease. */
  readonly readMs: number;
  /** After which no further replica is tried. Longer than one read, so that a silent replica is passed over. */
  readonly retryMs: number;
}

export const PROXY_TIMES: ProxyTimes = { connectMs: 1_000, readMs: 10_000, retryMs: 12_000 };

export interface NginxOptions {
  readonly site: Site;
  readonly program: string;
  /** Held until the moment before nginx listens on it. */
  readonly held: HeldPort;
  /** The public ports that replicas have, or will have once they are there. */
  readonly slots: readonly number[];
  readonly times: ProxyTimes;
}

/** The one way in: nginx before all replicas, configured once for as many as there may ever be. */
export class NginxService implements Service {
  readonly name = 'nginx';
  readonly log: LogFile;
  /** Graceful: requests under way are answered. */
  readonly endSignal = 'SIGQUIT';
  readonly endLimitMs = SHUTDOWN_LIMIT_MS;
  readonly #options: NginxOptions;
  readonly #folder: string;
  readonly #user: User | null;
  #held: HeldPort | null;

  constructor(options: NginxOptions) {
    this.#options = options;
    this.#held = options.held;
    this.#folder = join(options.site.folder, 'nginx');
    this.log = options.site.logs.file(this.name);
    this.#user = helper('www-data', 'nginx');
  }

  get url(): string {
    return `http://127.0.0.1:${this.#options.held.port}`;
  }

  prepare(): void {
    const temporary = join(this.#folder, 'temp');
    mkdirSync(temporary, { recursive: true });
    if (this.#user !== null) {
      for (const path of [this.#folder, temporary]) chownSync(path, this.#user.uid, this.#user.gid);
    }
    for (const name of ['http.conf', 'server.conf']) copyFileSync(source(name), join(this.#folder, name));
    writeFileSync(join(this.#folder, 'nginx.conf'), this.#configuration());
  }

  #configuration(): string {
    const { held, slots, times } = this.#options;
    return nginxConfiguration(readFileSync(source('nginx.conf'), 'utf8'), {
      user: this.#user,
      port: held.port,
      ipv6: held.both,
      slots,
      times,
      accessLog: this.#options.site.logs.file('nginx-access').path,
    });
  }

  async spawn(): Promise<Child> {
    const { site, program } = this.#options;
    await this.#held?.release();
    this.#held = null;
    const args = ['-e', 'stderr', '-p', this.#folder, '-c', 'nginx.conf'];
    // As root it starts as root and gives its rights away itself: the master keeps them, for the workers' sake.
    return Child.start(
      { name: this.name, program, args, cwd: this.#folder, env: SERVER_ENV, user: null },
      this.log,
      site.state,
    );
  }

  /** True when nginx itself answers: this path reaches no replica. */
  async serves(): Promise<boolean> {
    return (await ask(`${this.url}/internal/`))?.status === 404;
  }

  /** Gives the public port back if nginx never came to use it. */
  async dispose(): Promise<void> {
    await this.#held?.release();
  }
}

/** What differs from one cluster to the next. */
export interface NginxValues {
  readonly user: Pick<User, 'name' | 'group'> | null;
  readonly port: number;
  readonly ipv6: boolean;
  readonly slots: readonly number[];
  readonly times: ProxyTimes;
  readonly accessLog: string;
}

/** The template of infra/nginx/nginx.conf filled with one cluster's values. */
export function nginxConfiguration(template: string, values: NginxValues): string {
  const { user, port, ipv6, slots, times, accessLog } = values;
  return render(template, {
    user: user === null ? '' : `user ${user.name} ${user.group};`,
    listen: ['127.0.0.1', ...(ipv6 ? ['[::1]'] : [])].map((host) => `listen ${host}:${port} backlog=2048;`).join('\n'),
    slots: slots.map((slot) => `server 127.0.0.1:${slot} max_conns=400 max_fails=1 fail_timeout=1s;`).join('\n'),
    retries: slots.length,
    connectTimeout: `${times.connectMs}ms`,
    readTimeout: `${times.readMs}ms`,
    retryTimeout: `${times.retryMs}ms`,
    accessLog: JSON.stringify(accessLog),
  });
}

function source(name: string): string {
  return join(CHECKOUT, 'infra/nginx', name);
}
