import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { ClusterError, hasCode } from '../errors.ts';
import { ERRAND_LIMIT_MS, PROBE_ANSWER_MS, READY_LIMIT_MS, SHUTDOWN_LIMIT_MS } from '../limits.ts';
import { until } from '../probe.ts';
import { asRoot } from '../run/base.ts';
import { Child, type Command, runErrand } from './child.ts';
import type { LogFile } from './log-file.ts';
import type { Service } from './member.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { ServerSocket } from './server-socket.ts';
import { SERVER_ENV, type Site } from './site.ts';
import { helper, type User } from './user.ts';

export interface PostgresOptions {
  readonly site: Site;
  readonly port: number;
  readonly password: string;
  readonly dataFolder: string;
  /** True: the data outlives the cluster, so it has to survive a power cut as well. */
  readonly kept: boolean;
}

const SUPERUSER = 'postgres';
const DATABASE = 'lockstep';
/** 16 replicas with a pool each, and room for those who look. */
const MAX_CONNECTIONS = 512;

/** The origin: an embedded Postgres on loopback, with a password; its socket in the file system asks for it as well. */
export class PostgresService implements Service {
  readonly name = 'postgres';
  readonly log: LogFile;
  /** Fast shutdown: SIGTERM would wait for every client to leave. */
  readonly endSignal = 'SIGINT';
  readonly endLimitMs = SHUTDOWN_LIMIT_MS;
  readonly #options: PostgresOptions;
  readonly #socket: ServerSocket;
  readonly #user: User | null;
  #binaries = '';

  constructor(options: PostgresOptions) {
    this.#options = options;
    this.log = options.site.logs.file(this.name);
    this.#user = helper('postgres');
    this.#socket = new ServerSocket(join(options.site.folder, 'postgres-socket', `.s.PGSQL.${options.port}`));
  }

  get url(): string {
    return this.#urlOf(DATABASE);
  }

  get socket(): string | null {
    return this.#socket.path;
  }

  get #copies(): string {
    return join(this.#options.site.folder, 'postgres-programs');
  }

  /**
   * Removes the copied programs, if there are any, for good. It may be done while Postgres ends, which needs none of them any
   * more, and should: 2,300 files are a good part of the three seconds that the end of a cluster may take on a busy machine.
   */
  async removePrograms(): Promise<void> {
    // What is left goes with the cluster's folder.
    await rm(this.#copies, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Puts programs and data in place; data that is there already is kept. */
  async prepare(): Promise<void> {
    const { dataFolder } = this.#options;
    this.#socket.prepare(this.#user);
    this.#binaries = postgresBinaries(this.#copies, asRoot);
    if (existsSync(join(dataFolder, 'PG_VERSION'))) return;
    // Renamed when it is whole: an initdb that was killed leaves something that looks like data.
    const fresh = `${dataFolder}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    if (this.#user !== null) chownSync(fresh, this.#user.uid, this.#user.gid);
    await this.#initdb(fresh);
    renameSync(fresh, dataFolder);
  }

  async #initdb(dataFolder: string): Promise<void> {
    const { site, password, kept } = this.#options;
    const passwordFile = join(site.folder, 'postgres-password');
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (this.#user !== null) chownSync(passwordFile, this.#user.uid, this.#user.gid);
    const args = ['-D', dataFolder, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    args.push('--encoding=UTF8', '--locale=C', '--no-instructions', ...(kept ? [] : ['--no-sync']));
    await runErrand(this.#command('initdb', args), this.log, site.state, {
      limitMs: ERRAND_LIMIT_MS,
      signal: site.signal,
    });
    rmSync(passwordFile);
  }

  spawn(): Promise<Child> {
    const { port, dataFolder, site, kept } = this.#options;
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: this.socket === null ? '' : quoted(dirname(this.socket)),
      unix_socket_permissions: '0700',
      max_connections: MAX_CONNECTIONS,
      shared_buffers: '64MB',
      max_wal_size: '256MB',
      jit: 'off',
      // Temporary data need not survive a power cut; a killed process loses nothing that was written to the kernel.
      ...(kept ? {} : { fsync: 'off', full_page_writes: 'off' }),
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return Child.start(this.#command('postgres', ['-D', dataFolder, ...args]), this.log, site.state);
  }

  #command(program: string, args: readonly string[]): Command {
    const { site } = this.#options;
    const name = program === 'postgres' ? this.name : program;
    return { name, program: join(this.#binaries, program), args, cwd: site.folder, env: SERVER_ENV, user: this.#user };
  }

  serves(): Promise<boolean> {
    return this.#query(SUPERUSER, 'SELECT 1');
  }

  /** Makes the database that `url` names, unless it is there. */
  async createDatabase(): Promise<void> {
    await until(
      `the database ${DATABASE}`,
      async () => {
        try {
          return await this.#query(SUPERUSER, `CREATE DATABASE ${DATABASE}`);
        } catch (error) {
          if (hasCode(error, '42P04')) return true;
          throw error;
        }
      },
      { limitMs: READY_LIMIT_MS, signal: this.#options.site.signal },
    );
  }

  /** False when the server cannot be reached or is not ready to answer; throws what else it says. */
  async #query(database: string, sql: string): Promise<boolean> {
    const client = new Client({
      connectionString: this.#urlOf(database),
      connectionTimeoutMillis: PROBE_ANSWER_MS,
      query_timeout: READY_LIMIT_MS,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
      return true;
    } catch (error) {
      if (hasCode(error, '28P01')) throw wrongPassword(this.#options.dataFolder, error);
      // With an SQLSTATE outside of class 57 (shutting down, starting up) the server has understood and refused.
      if (error instanceof Error && 'code' in error && /^(?!57)[0-9A-Z]{5}$/.test(String(error.code))) throw error;
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  #urlOf(database: string): string {
    const { port, password } = this.#options;
    return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`;
  }
}

/** As one element of a list, whatever is in it. */
function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

function wrongPassword(folder: string, cause: unknown): ClusterError {
  return new ClusterError(
    'E_CLUSTER_FOLDER',
    `the database in ${folder} has another password than the one kept beside it: it is not the data that this folder ` +
      'was made for; give another folder to --keep',
    { cause },
  );
}
