import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { type ControlSession, connectCluster } from '@lockstep/cluster/control';
import { byControl, byDns, type Discovery } from './cluster/discovery.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { openConsole } from './console.ts';

/** Nothing may hold up an end for longer, ms. */
const END_LIMIT_MS = 5_000;

/** Runs a console until a signal ends it. Resolves to the exit code. */
export async function run(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  // From the start on, as a signal may come before there is anything to end.
  const signal = firstSignal();
  hideWarning();
  // What is thrown away here is a few megabytes a second: to share out that work among threads costs more than it is.
  setFlagsFromString('--no-parallel-scavenge');
  let config: Config;
  try {
    config = readConfig(env, (path) => readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) console.error(problem);
    return 1;
  }
  const session = config.controlSocket === null ? null : await connectCluster(config.controlSocket);
  const opened = await openConsole({
    ...config,
    discovery: discoveryOf(config, session),
    control: session,
    backend: session === null ? 'compose' : 'processes',
  });
  console.log(`console: ${opened.url}`);
  // Without its launcher there is nothing to look at.
  await Promise.race([signal, session?.closed].filter((end) => end !== undefined));
  setTimeout(() => process.exit(1), END_LIMIT_MS).unref();
  await opened.close();
  session?.close();
  return 0;
}

function discoveryOf({ dns }: Config, session: ControlSession | null): Discovery {
  if (dns !== null) return byDns(dns.name, dns.internalPort, dns.port);
  if (session === null) throw new Error('the configuration names neither a launcher nor a name in DNS');
  return byControl(session);
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, resolve);
  });
}

/** That stripping types is experimental is known here, and the page is tested with this very version. */
function hideWarning(): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!/stripTypeScriptTypes/.test(warning.message)) console.error(warning);
  });
}
