import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { Logs } from '../src/processes/logs.ts';
import { Member } from '../src/processes/member.ts';
import { findPrograms } from '../src/processes/programs.ts';
import { RedisService } from '../src/processes/redis.ts';
import { StateFile } from '../src/run/state-file.ts';
import { redisSays } from './redis-says.ts';

export interface RunningRedis {
  readonly url: string;
  readonly folder: string;
  says(command: string): Promise<string>;
  stop(): Promise<void>;
}

/** A Redis of its own for one test file, started the way a cluster starts it. */
export async function startRedis(folder: string): Promise<RunningRedis> {
  // Redis may run as a user of its own, who has to pass.
  chmodSync(folder, 0o711);
  const logs = new Logs(folder, null);
  const end = new AbortController();
  const site = { folder, state: new StateFile(folder), logs, report: () => undefined, signal: end.signal };
  const service = new RedisService({
    site,
    program: findPrograms().redis ?? 'redis-server',
    port: await freePort(),
    password: 'secret',
    dataFolder: `${folder}/redis`,
  });
  service.prepare();
  const member = new Member(service, site.report, end.signal);
  await member.start();
  return {
    url: service.url,
    folder,
    says: (command) => redisSays(service.url, command),
    stop: async () => {
      end.abort(new Error('the test is over'));
      await member.stop('SIGTERM', 2_000);
      logs.close();
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
