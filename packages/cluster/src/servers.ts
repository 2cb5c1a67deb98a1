import { chmodSync } from 'node:fs';
import { createLink, type Link } from './link/link.ts';
import { Logs } from './processes/logs.ts';
import { takePorts } from './processes/ports.ts';
import { findPrograms } from './processes/programs.ts';
import { ownPostgres, ownRedis, type Server } from './processes/server.ts';
import type { Site } from './processes/site.ts';
import { StateFile } from './run/state-file.ts';

export { ensurePrograms } from './install/ensure-programs.ts';

/** One server on loopback, for tests that need it and no cluster. */
export interface RunningServer {
  readonly url: string;
  /** The Unix socket on which it listens as well; null where its path would be too long. */
  readonly socket: string | null;
  readonly pid: number | null;
  /** Ends it as a cluster would, or by SIGKILL, and starts it again with its data, or for Redis without. */
  restart(how?: { readonly kill?: boolean; readonly loseData?: boolean; readonly downMs?: number }): Promise<void>;
  stop(): Promise<void>;
}

const STOP_MS = 2_000;
const PASSWORD = 'secret';

/** Starts a Redis the way a cluster starts it; `folder` is temporary, the caller's, and removed by the caller. */
export async function startRedisServer(folder: string): Promise<RunningServer> {
  const { port, release } = await takePort();
  const { site, end } = siteOf(folder);
  const program = findPrograms().redis ?? 'redis-server';
  const place = { program, port, password: PASSWORD, dataFolder: `${folder}/redis` };
  return started(ownRedis(site, place), end, release);
}

/** Starts a Postgres the way a cluster starts it, with an empty database; `folder` as above. */
export async function startPostgresServer(folder: string): Promise<RunningServer> {
  const { port, release } = await takePort();
  const { site, end } = siteOf(folder);
  const place = { port, password: PASSWORD, dataFolder: `${folder}/postgres`, kept: false };
  return started(ownPostgres(site, place), end, release);
}

/** Opens a link on a port that is its own until it is closed, also while it is down. */
export async function startLink(target: string, socket: string | null = null): Promise<Link> {
  const { port, release } = await takePort();
  try {
    const link = await createLink({ target, socket, port });
    const close = link.close.bind(link);
    return Object.assign(link, { close: () => close().then(release) });
  } catch (error) {
    await release();
    throw error;
  }
}

/** A port of loopback that is the caller's, whether or not anybody listens on it, until it is released. */
export interface TakenPort {
  readonly port: number;
  release(): Promise<void>;
}

/**
 * Takes a port as a cluster takes its own. One that the system would give us belongs to nobody until it is listened on,
 * and again while its server is down:
 *   1: we are given a free port, and let go of it   2: initdb runs for seconds, or a restart leaves the server down
 *   3: another program asks the system for any port, and is given that one   4: our server cannot listen.
 */
export async function takePort(): Promise<TakenPort> {
  const { spare, release } = await takePorts();
  return { port: spare, release };
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

async function started(server: Server, end: () => void, release: () => Promise<void>): Promise<RunningServer> {
  try {
    await server.start();
  } catch (error) {
    end();
    await release();
    throw error;
  }
  return {
    url: server.url,
    socket: server.socket,
    get pid() {
      return server.pid;
    },
    restart: ({ kill = false, loseData = false, downMs = 0 } = {}) => server.restart({ kill, loseData, downMs }),
    stop: async () => {
      await server.stop(STOP_MS);
      end();
      await release();
    },
  };
}
