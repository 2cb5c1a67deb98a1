import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { Logs } from './processes/logs.ts';
import { Member } from './processes/member.ts';
import { PostgresService } from './processes/postgres.ts';
import { findPrograms } from './processes/programs.ts';
import { RedisService } from './processes/redis.ts';
import type { Site } from './processes/site.ts';
import { StateFile } from './run/state-file.ts';

export { ensurePrograms } from './install/ensure-programs.ts';

/** One server on loopback, for tests that need it and no cluster. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number | null;
  /** Ends it as a cluster would, or by SIGKILL, and starts it again with its data, or for Redis without. */
  restart(how?: { readonly kill?: boolean; readonly loseData?: boolean; readonly downMs?: number }): Promise<void>;
  stop(): Promise<void>;
}

const STOP_MS = 2_000;
const PASSWORD = 'secret';

/** Starts a Redis the way a cluster starts it; `folder` is temporary, the caller's, and removed by the caller. */
export async function startRedisServer(folder: string): Promise<RunningServer> {
  const { site, end } = siteOf(folder);
  const service = new RedisService({
    site,
    program: findPrograms().redis ?? 'redis-server',
    port: await freePort(),
    password: PASSWORD,
    dataFolder: `${folder}/redis`,
  });
  service.prepare();
  const member = new Member(service, site.report, site.signal);
  await member.start();
  return runningServer(service.url, member, end, () => service.loseData());
}

/** Starts a Postgres the way a cluster starts it, with an empty database; `folder` as above. */
export async function startPostgresServer(folder: string): Promise<RunningServer> {
  const { site, end } = siteOf(folder);
  const service = new PostgresService({
    site,
    port: await freePort(),
    password: PASSWORD,
    dataFolder: `${folder}/postgres`,
    kept: false,
  });
  await service.prepare();
  const member = new Member(service, site.report, site.signal);
  await member.start();
  await service.createDatabase();
  return runningServer(service.url, member, end, () => {
    throw new Error('a Postgres without its data would be no origin');
  });
}

function siteOf(folder: string): { site: Site; end: () => void } {
  // The servers may run as users of their own, who have to pass.
  chmodSync(folder, 0o711);
  const logs = new Logs(folder, null);
  const controller = new AbortController();
  const site = { folder, state: new StateFile(folder), logs, report: () => undefined, signal: controller.signal };
  const end = () => {
    controller.abort(new Error('the test is over'));
    logs.close();
  };
  return { site, end };
}

function runningServer(url: string, member: Member, end: () => void, loseData: () => void): RunningServer {
  return {
    url,
    get pid() {
      return member.pid;
    },
    restart: ({ kill = false, loseData: lose = false, downMs = 0 } = {}) =>
      member.restart({ kill, downMs, ...(lose ? { whileDown: loseData } : {}) }),
    stop: async () => {
      await member.stop(member.service.endSignal, STOP_MS);
      end();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
