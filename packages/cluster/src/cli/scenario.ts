import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findCluster } from '../control/remote-cluster.ts';
import { ClusterError, hasCode, reasonOf } from '../errors.ts';
import { ensurePrograms } from '../install/ensure-programs.ts';
import { CONSOLE_ANSWER_MS, SCENARIO_LIMIT_MS } from '../limits.ts';
import { type ClusterOptions, resolveOptions } from '../options.ts';
import { nodeProgram } from '../processes/replica.ts';
import { reportToStderr } from '../report.ts';
import { CHECKOUT } from '../run/base.ts';
import { ConsoleClient, type ScenarioChoice } from '../scenario/console-client.ts';
import { openCluster } from '../start-cluster.ts';
import type { ScenarioInvocation } from './arguments.ts';
import { interruption } from './interruption.ts';
import { ScenarioWords } from './scenario-words.ts';
import { passedOn } from './start.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** A console that is there, and what ends the cluster that was started for it. */
interface Venue {
  readonly console: string | null;
  readonly close: () => Promise<void>;
}

/**
 * Plays a scenario on the cluster that runs, or on one that is started for it and ended again; without a name lists
 * those there are. True when it showed what it must.
 */
export async function runScenario(invocation: ScenarioInvocation, overrides: ClusterOptions): Promise<boolean> {
  const interrupt = interruption();
  const found = await running(invocation.cluster);
  if (found === null && invocation.name === null) {
    list(await known(overrides), invocation.json);
    return true;
  }
  const venue = found ?? (await started(invocation.install, interrupt, overrides));
  try {
    if (venue.console === null) {
      throw new ClusterError('E_CLUSTER_CONSOLE', 'that cluster has no console, which plays the scenarios');
    }
    return await play(await ConsoleClient.open(venue.console), invocation, interrupt);
  } finally {
    await venue.close();
  }
}

/** The cluster that runs; null when none does and none was named. */
async function running(cluster: string | null): Promise<Venue | null> {
  try {
    const { console: page } = await (await findCluster(cluster)).status();
    return { console: page, close: () => Promise.resolve() };
  } catch (error) {
    if (cluster === null && hasCode(error, 'E_CLUSTER_NONE')) return null;
    throw error;
  }
}

async function started(install: boolean, signal: AbortSignal, overrides: ClusterOptions): Promise<Venue> {
  await ensurePrograms({ install, say: reportToStderr, signal });
  reportToStderr('starting a cluster for it');
  const { cluster } = await openCluster({
    ...{ port: 0, consolePort: 0, console: true, links: true, env: passedOn(process.env) },
    ...overrides,
    signal,
  });
  return { console: (await cluster.status()).console, close: () => cluster.stop() };
}

/** What the console of this checkout can play, when none runs. */
async function known(overrides: ClusterOptions): Promise<readonly ScenarioChoice[]> {
  const { console: wished } = resolveOptions({ ...overrides, console: true });
  const args = [...(wished?.command ?? []), '--scenarios'];
  try {
    const { stdout } = await promisify(execFile)(nodeProgram(), args, { cwd: CHECKOUT, timeout: CONSOLE_ANSWER_MS });
    return JSON.parse(stdout) as readonly ScenarioChoice[];
  } catch (error) {
    throw new ClusterError('E_CLUSTER_CONSOLE', `the console does not say what it can play: ${reasonOf(error)}`);
  }
}

function list(choices: readonly ScenarioChoice[], json: boolean): void {
  for (const choice of choices) say(json ? JSON.stringify(choice) : ScenarioWords.choice(choice));
}

async function play(
  client: ConsoleClient,
  { name, json }: ScenarioInvocation,
  interrupt: AbortSignal,
): Promise<boolean> {
  const limit = AbortSignal.timeout(SCENARIO_LIMIT_MS);
  const signal = AbortSignal.any([interrupt, limit]);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (name === null) {
    for (const choice of await client.choices(signal))
      say(json ? JSON.stringify(choice) : ScenarioWords.choice(choice));
    return true;
  }
  const words = new ScenarioWords(json, say);
  await client.begin(name);
  try {
    return words.end(await client.follow(signal, (state) => words.hear(state)));
  } catch (error) {
    // Whoever follows it no more does not want it played on.
    await client.end().catch(() => undefined);
    if (limit.aborted && error === limit.reason) {
      throw new ClusterError('E_CLUSTER_CONSOLE', `the scenario has not ended within ${SCENARIO_LIMIT_MS / 1_000} s`);
    }
    throw error;
  }
}
