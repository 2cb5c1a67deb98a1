import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PROBE_ANSWER_BYTES, PROBE_ANSWER_MS, SHUTDOWN_LIMIT_MS } from '../limits.ts';
import { CHECKOUT } from '../run/base.ts';
import { Child } from './child.ts';
import type { LogFile } from './log-file.ts';
import type { Service } from './member.ts';
import { ServerSocket } from './server-socket.ts';
import { SERVER_ENV, type Site } from './site.ts';
import { render } from './template.ts';
import { helper, type User } from './user.ts';

export interface RedisOptions {
  readonly site: Site;
  /** redis-server or valkey-server. */
  readonly program: string;
  readonly port: number;
  readonly password: string;
  /** Where its append-only file lives. */
  readonly dataFolder: string;
}

const MAXMEMORY = '256mb';

/** The L2 tier: Redis or Valkey on loopback, with a password, append-only. */
export class RedisService implements Service {
  readonly name = 'redis';
  readonly log: LogFile;
  readonly endSignal = 'SIGTERM';
  readonly endLimitMs = SHUTDOWN_LIMIT_MS;
  readonly #options: RedisOptions;
  readonly #socket: ServerSocket;
  readonly #user: User | null;

  constructor(options: RedisOptions) {
    this.#options = options;
    this.log = options.site.logs.file(this.name);
    this.#user = helper('redis');
    this.#socket = new ServerSocket(join(options.site.folder, 'redis-socket', 's'));
  }

  /** With the user's name, as older clients send AUTH with a name whenever a URL has a place for one. */
  get url(): string {
    return `redis://default:${this.#options.password}@127.0.0.1:${this.#options.port}`;
  }

  get socket(): string | null {
    return this.#socket.path;
  }

  prepare(): void {
    this.#socket.prepare(this.#user);
    const { dataFolder, port, password } = this.#options;
    const template = readFileSync(join(CHECKOUT, 'infra/redis/redis.conf'), 'utf8');
    const conf = join(dataFolder, 'redis.conf');
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    writeFileSync(conf, render(template, { port, password, maxmemory: MAXMEMORY }), { mode: 0o600 });
    if (this.#user === null) return;
    for (const path of [dataFolder, conf]) chownSync(path, this.#user.uid, this.#user.gid);
  }

  spawn(): Promise<Child> {
    const { site, program, dataFolder } = this.#options;
    const socket = this.socket === null ? [] : ['--unixsocket', this.socket, '--unixsocketperm', '700'];
    return Child.start(
      {
        name: this.name,
        program,
        args: ['./redis.conf', ...socket],
        cwd: dataFolder,
        env: SERVER_ENV,
        user: this.#user,
      },
      this.log,
      site.state,
    );
  }

  /** True when it answers PONG: while it loads its data it answers an error. */
  async serves(): Promise<boolean> {
    const { port, password } = this.#options;
    return (await say(port, `AUTH default ${password}\r\nPING\r\nQUIT\r\n`)).includes('+PONG');
  }

  /** Removes the data; only while it is down. */
  loseData(): void {
    for (const name of ['appendonlydir', 'dump.rdb']) {
      rmSync(join(this.#options.dataFolder, name), { recursive: true, force: true });
    }
  }
}

/** Sends inline commands and returns all that is answered until the server closes; '' when there is none. */
function say(port: number, commands: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(commands));
    const tooLong = setTimeout(() => socket.destroy(), PROBE_ANSWER_MS);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > PROBE_ANSWER_BYTES) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(tooLong);
      resolve(answer);
    });
  });
}
