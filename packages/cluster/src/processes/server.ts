import type { OutsideServer } from '../options.ts';
import { waited } from '../probe.ts';
import { Member, type Restart } from './member.ts';
import { PostgresService } from './postgres.ts';
import { RedisService } from './redis.ts';
import type { Site } from './site.ts';

/** Redis or Postgres of a cluster, whoever runs it: a process of ours, or what the caller has brought. */
export interface Server {
  /** Carries what is needed to log in; the same at every start. */
  readonly url: string;
  /** A Unix socket on which it listens as well; null where there is none, or none that we can reach. */
  readonly socket: string | null;
  /** Null when it is down, or no process of ours. */
  readonly pid: number | null;
  /** Returns when it serves and, of Postgres, when our database is there. */
  start(): Promise<void>;
  /** Ends it and starts it again; returns when it serves. */
  restart(how: ServerRestart): Promise<void>;
  stop(limitMs: number): Promise<void>;
}

interface ServerRestart extends Restart {
  readonly loseData: boolean;
}

export type RedisPlace = Omit<ConstructorParameters<typeof RedisService>[0], 'site'>;
export type PostgresPlace = Omit<ConstructorParameters<typeof PostgresService>[0], 'site'>;

/** A Redis that is a process of ours. */
export function ownRedis(site: Site, place: RedisPlace): Server {
  const service = new RedisService({ site, ...place });
  const member = new Member(service, site.report, site.signal);
  return {
    url: service.url,
    socket: service.socket,
    get pid() {
      return member.pid;
    },
    start: async () => {
      service.prepare();
      await member.start();
    },
    restart: ({ loseData, whileDown, ...how }) =>
      member.restart({
        ...how,
        whileDown: async () => {
          if (loseData) service.loseData();
          await whileDown?.();
        },
      }),
    stop: (limitMs) => member.stop('SIGTERM', limitMs),
  };
}

/** A Postgres that is a process of ours. It never loses its data: an origin without them is no origin. */
export function ownPostgres(site: Site, place: PostgresPlace): Server {
  const service = new PostgresService({ site, ...place });
  const member = new Member(service, site.report, site.signal);
  return {
    url: service.url,
    socket: service.socket,
    get pid() {
      return member.pid;
    },
    start: async () => {
      await service.prepare();
      await member.start();
      await service.createDatabase();
    },
    restart: (how) => member.restart(how),
    stop: async (limitMs) => {
      await Promise.all([member.stop('SIGINT', limitMs), service.removePrograms()]);
    },
  };
}

/** A server that the caller has started and knows how to restart; it ends with the cluster. */
export function outsideServer({ signal }: Site, { url, end, begin, close }: OutsideServer): Server {
  return {
    url,
    socket: null,
    pid: null,
    start: () => Promise.resolve(),
    restart: async ({ kill, downMs, loseData, whileDown }) => {
      await end(kill);
      await whileDown?.();
      await waited(downMs, signal);
      await begin(loseData);
    },
    stop: close,
  };
}
