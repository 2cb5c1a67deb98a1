/**
 * A demonstration that tells itself: starts three replicas, writes through one, reads through all of them, scales to six
 * under load, kills one, scales to two, shows after each step that all agree, and takes everything down.
 * One line a step. Everything goes through nginx, as clients do it; the replica that answered says so in a header.
 *
 *   infra/demo/scale-up [--backend auto|compose|processes]
 *
 * `auto`: containers where a Docker engine answers, else processes.
 */
import { parseArgs } from 'node:util';
import type { Cluster } from '../../packages/cluster/src/cluster.ts';
import { engineProblem } from '../../packages/cluster/src/compose/docker.ts';
import { openComposeCluster } from '../../packages/cluster/src/compose/open-compose-cluster.ts';
import { ensurePrograms } from '../../packages/cluster/src/install/ensure-programs.ts';
import { startCluster } from '../../packages/cluster/src/start-cluster.ts';
import { Narrator } from './narrator.ts';
import { Traffic } from './traffic.ts';

const PRODUCT = 42;
/** S: a read that is not asked to be strong may be so stale. It hardly ever is. */
const BOUND_MS = 1_000;
const BACKENDS = ['auto', 'compose', 'processes'];

const { values } = parseArgs({ options: { backend: { type: 'string', default: 'auto' } } });
if (!BACKENDS.includes(values.backend)) {
  console.error(`scale-up: --backend is "${values.backend}"; it is ${BACKENDS.join(' or ')}`);
  process.exit(2);
}

const end = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => end.abort(new Error(`ended by ${name}`)));
const narrator = new Narrator(process.stdout.isTTY === true && process.env.NO_COLOR === undefined);
let cluster: Cluster | undefined;
let agreed = true;
try {
  cluster = await start();
  agreed = await show(cluster);
} catch (error) {
  narrator.failed(error instanceof Error ? error.message : String(error));
  agreed = false;
} finally {
  await cluster?.stop();
  if (cluster !== undefined) narrator.step('Everything is down, and nothing is left.');
}
process.exit(agreed ? 0 : 1);

async function start(): Promise<Cluster> {
  const problem = values.backend === 'processes' ? 'not asked for' : await engineProblem();
  const options = { replicas: 3, port: null, signal: end.signal, env: { LOG_LEVEL: 'warn' } };
  if (problem === null || values.backend === 'compose') {
    narrator.step('Three replicas, nginx, Redis and Postgres: building and starting containers ...');
    return (await openComposeCluster(options)).cluster;
  }
  narrator.step('Three replicas, nginx, Redis and Postgres: starting processes ...');
  await ensurePrograms({ install: false, say: (line) => narrator.detail(line), signal: end.signal });
  return startCluster(options);
}

/** True when all replicas agreed each time, and no request failed. */
async function show(running: Cluster): Promise<boolean> {
  const traffic = new Traffic(running.url, end.signal);
  narrator.step(`They serve at ${running.url}. A little traffic runs from now on: reads, and a write now and then.`);
  const writeAndRead = async (replicas: number) => {
    const { by, version } = await traffic.write(PRODUCT);
    narrator.step(`Product ${PRODUCT} is written through ${by}: version ${version}. Read through every replica:`);
    const { seen, staleMs } = await traffic.readThroughAll(PRODUCT, replicas, version);
    const list = [...seen].sort().map(([name, shown]) => `${name}: ${shown}`);
    const late = staleMs > 0 ? `, the last old one ${Math.round(staleMs)} ms after the write` : '';
    narrator.result(staleMs <= BOUND_MS, `${list.join('  ')}${late}`);
    return staleMs <= BOUND_MS;
  };
  const results: boolean[] = [];

  results.push(await writeAndRead(3));

  narrator.step('Scaling to six, while the traffic goes on ...');
  await running.scale(6);
  results.push(await writeAndRead(6));

  narrator.step('api-2 is killed, and started again ...');
  await running.restart('api-2', { kill: true });
  results.push(await writeAndRead(6));

  narrator.step('Scaling down to two ...');
  await running.scale(2);
  results.push(await writeAndRead(2));

  const { answered, failed } = await traffic.finish();
  narrator.result(failed === 0, `${answered} requests answered meanwhile, ${failed} failed`);
  return failed === 0 && results.every(Boolean);
}
