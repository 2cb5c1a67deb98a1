import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { LEAST_CPU_S, runToEnd, type ServerProcess, startServer } from '../lib/child.ts';
import { type Effort, refuseOthers } from '../lib/effort.ts';
import { load } from '../lib/http-load.ts';
import { interleave } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/row.ts';

const GROUP = 'GET /products/42 from L1, one replica, 32 connections';
const PATH = '/products/42';
const CONNECTIONS = 32;
const PROMISED = 0.85;
const OURS = 'cached GET';
const CONSTANT = 'Express, set and send of a constant';
const BARE = 'Express, bare writeHead of a constant';
const US_PER_S = 1e6;
/** See bench/lib/caches.ts: a busy machine must not turn hits into loads. */
const PATIENT = { CACHE_STALENESS_MS: '20000', CACHE_BEAT_MS: '250', CACHE_L1_TTL_MS: '3600000' };
/** Tries until L1 has the product: nothing is cached during the first quarantine, 3.5 s. */
const TRIES = 1_200;
const PAUSE_MS = 25;

const API = new URL('../../apps/api/src/', import.meta.url);

/**
 * A replica as it is deployed, in a process of its own, against Express that answers the very same headers and body
 * without any work: as Express answers, which is what is promised, and with the least that it can do. Beside requests per second stands the CPU time of one request, which a busy machine moves less.
 */
export async function http(redisUrl: string, databaseUrl: string, effort: Effort): Promise<Row[]> {
  await runToEnd(fileURLToPath(new URL('migrate.ts', API)), ['--seed'], { DATABASE_URL: databaseUrl });
  const replica = await startServer(fileURLToPath(new URL('main.ts', API)), {
    ...{ HOST: '127.0.0.1', PORT: '0', INTERNAL_HOST: '127.0.0.1', INTERNAL_PORT: '0' },
    ...{ REPLICA_NAME: 'api-1', REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, ...PATIENT },
  });
  const servers = [replica];
  try {
    const { headers, body } = await cached(replica.port);
    const program = fileURLToPath(new URL('../processes/constant.ts', import.meta.url));
    const answer = { HEADERS: JSON.stringify(headers), BODY: body };
    const constant = await startServer(program, answer);
    servers.push(constant);
    const bare = await startServer(program, { ...answer, BARE: 'yes' });
    servers.push(bare);
    return await compare({ [CONSTANT]: constant, [BARE]: bare, [OURS]: replica }, effort);
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function compare(servers: Readonly<Record<string, ServerProcess>>, effort: Effort): Promise<Row[]> {
  const cpu = new Map<string, number[]>(Object.keys(servers).map((name) => [`${name}, CPU`, []]));
  const measure = (name: string, server: ServerProcess) => async () => {
    const before = server.cpu();
    const { perSecond, answered, others } = await load(server.port, PATH, CONNECTIONS, effort.roundMs);
    refuseOthers(effort, others, answered, answered / 100, `answers of ${name} were not 200 from L1`);
    const after = server.cpu();
    if (before !== null && after !== null) {
      const seconds = Math.max(LEAST_CPU_S, after - before);
      cpu.get(`${name}, CPU`)?.push((seconds * US_PER_S) / answered);
    }
    return perSecond;
  };
  const measured = await interleave(
    Object.entries(servers).map(([name, server]) => ({ name, measure: measure(name, server) })),
    effort.rounds,
  );
  return [
    rowOf(GROUP, 'req/s', measured, CONSTANT),
    rowOf(GROUP, 'req/s', measured, BARE),
    rowOf(GROUP, 'req/s', measured, OURS, CONSTANT, ['at least', PROMISED]),
    rowOf(GROUP, 'req/s', measured, OURS, BARE),
    ...cpuRows(cpu),
  ];
}

function cpuRows(measured: Map<string, number[]>): Row[] {
  // The first round was to get warm.
  for (const figures of measured.values()) figures.shift();
  if ([...measured.values()].some(({ length }) => length === 0)) return [];
  return [
    rowOf(GROUP, 'us', measured, `${CONSTANT}, CPU`),
    rowOf(GROUP, 'us', measured, `${BARE}, CPU`),
    rowOf(GROUP, 'us', measured, `${OURS}, CPU`, `${CONSTANT}, CPU`),
  ];
}

/** The answer as it comes from L1, its headers flat: without those that every server adds by itself. */
async function cached(port: number): Promise<{ headers: string[]; body: string }> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { tier, headers, body } = await ask(port);
    if (tier === 'L1') return { headers, body };
    await new Promise((waited) => setTimeout(waited, PAUSE_MS));
  }
  throw new Error(`${PATH} does not come from L1 within ${(TRIES * PAUSE_MS) / 1_000} s`);
}

function ask(port: number): Promise<{ tier: string; headers: string[]; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = get({ port, host: '127.0.0.1', path: PATH }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        const own = ['date', 'connection', 'keep-alive'];
        const { rawHeaders } = response;
        const headers = rawHeaders.filter((_, at) => !own.includes(String(rawHeaders[at - (at % 2)]).toLowerCase()));
        resolve({ tier: String(response.headers['x-cache']), headers, body });
      });
    });
    asked.on('error', reject);
  });
}
