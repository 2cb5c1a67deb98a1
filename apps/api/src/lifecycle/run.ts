import { OptionsError } from '@lockstep/cache';
import type { Logger } from 'pino';
import { type Config, ConfigError, type Environment, readConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { ownAddress } from '../own-address.ts';
import { openReplica, type Replica } from '../replica.ts';
import { findReplicaName } from '../replica-name.ts';

/** Nothing may hold up an end for longer, ms: whoever started us loses patience at 15 s. */
const DRAIN_LIMIT_MS = 12_000;

/** Runs a replica until a signal ends it. Resolves to the exit code. */
export async function run(env: Environment): Promise<number> {
  let log: Logger;
  let replica: Replica;
  // From the start on, as a signal may come before there is anything to drain.
  const signal = firstSignal();
  try {
    const config = readConfig(env);
    const name = config.name ?? (await findReplicaName());
    log = createLog(config.logLevel, name);
    endOnUncaught(log);
    const internalHost = await ownAddress('INTERNAL_HOST', config.internalHost);
    const opened = await open({ ...config, internalHost }, name, log);
    if (opened === null) return 1;
    replica = opened;
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof OptionsError)) throw error;
    for (const problem of error.problems) console.error(problem);
    return 1;
  }
  const reason = await signal;
  log.info({ signal: reason }, 'draining');
  // Unreferenced: an end in good order is not held up by its limit.
  setTimeout(() => {
    log.fatal({ code: 'E_API_DRAIN' }, `not drained within ${DRAIN_LIMIT_MS} ms: cut off`);
    process.exit(1);
  }, DRAIN_LIMIT_MS).unref();
  await replica.drain();
  log.info('drained');
  return 0;
}

/** Null when a port cannot be had, which has been logged. */
async function open(config: Config, name: string, log: Logger): Promise<Replica | null> {
  try {
    const replica = await openReplica(config, name, log);
    const { port, internalPort } = replica;
    log.info({ port, internalPort, protocol: config.protocol, pid: process.pid }, 'listening');
    return replica;
  } catch (error) {
    if (error instanceof OptionsError) throw error;
    log.fatal({ err: error }, 'cannot listen: is another process on that port?');
    return null;
  }
}

/** The listeners stay for good: a second signal must not end a drain halfway. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, resolve);
  });
}

/** After an error that nobody has caught, nobody knows what is still true: the launcher starts another one. */
function endOnUncaught(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'uncaught');
    process.exit(1);
  });
}
