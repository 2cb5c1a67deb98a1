import { fileURLToPath } from 'node:url';
import { Connection } from '@lockstep/traffic/connection';
import { seeded, zipf } from '@lockstep/traffic/random';
import { type ServerProcess, startServer } from '../lib/child.ts';
import { type Effort, refuseOthers } from '../lib/effort.ts';
import { interleave } from '../lib/rounds.ts';
import { type Row, rowOf } from '../lib/row.ts';

const CLUSTER = fileURLToPath(new URL('../processes/cluster.ts', import.meta.url));
const REPLICAS = '2';
const CONNECTIONS = 16;
const PRODUCTS = 1_000;
const SKEW = 0.99;
const SEED = 1;
const US_PER_S = 1e6;
const PROMISED = 0.95;
const LINKS = 'a link before each connection';
const NONE = 'without links';

interface Mix {
  readonly group: string;
  readonly writes: number;
  readonly promised?: readonly ['at least', number];
}

const MIXES: readonly Mix[] = [
  {
    group: 'Links that do nothing: products through nginx, 1 write in 100',
    writes: 0.01,
    promised: ['at least', PROMISED],
  },
  { group: 'Links that do nothing: products through nginx, 1 write in 10', writes: 0.1 },
];

/**
 * What the TCP links cost while they forward: two clusters as `npm start` runs them, one with a link between each
 * replica and each server, one without, under the same closed load in turns. The links are in the launcher's process,
 * so that its CPU time per request is what they take, however busy the machine is.
 */
export async function link(effort: Effort): Promise<Row[]> {
  const servers = new Map<string, ServerProcess>();
  try {
    for (const [name, links] of [
      [NONE, 'no'],
      [LINKS, 'yes'],
    ] as const) {
      servers.set(name, await startServer(CLUSTER, { LINKS: links, REPLICAS }));
    }
    const rows: Row[] = [];
    for (const mix of MIXES) rows.push(...(await compare(servers, mix, effort)));
    return rows;
  } finally {
    for (const server of servers.values()) await server.stop();
  }
}

async function compare(
  servers: ReadonlyMap<string, ServerProcess>,
  { group, writes, promised }: Mix,
  effort: Effort,
): Promise<Row[]> {
  const cpu = new Map<string, number[]>([...servers.keys()].map((name) => [`${name}, CPU of the launcher`, []]));
  const measure = (name: string, server: ServerProcess) => async () => {
    const before = server.cpu();
    const { perSecond, answered, others } = await load(server.port, writes, effort.roundMs);
    refuseOthers(effort, others, answered, 0, `answers of a cluster ${name} were not 200`);
    const after = server.cpu();
    if (before !== null && after !== null) {
      cpu.get(`${name}, CPU of the launcher`)?.push(((after - before) * US_PER_S) / answered);
    }
    return perSecond;
  };
  const subjects = [...servers].map(([name, server]) => ({ name, measure: measure(name, server) }));
  const measured = await interleave(subjects, effort.rounds);
  // The first round was to get warm.
  for (const figures of cpu.values()) figures.shift();
  const told = [...cpu.values()].every(({ length }) => length > 0);
  return [
    rowOf(group, 'req/s', measured, NONE),
    rowOf(group, 'req/s', measured, LINKS, NONE, promised),
    ...(told ? [...cpu.keys()].map((name) => rowOf(group, 'us', cpu, name)) : []),
  ];
}

/** Asks for products by popularity, and changes any, on kept-alive connections, one request at a time each. */
async function load(port: number, writes: number, ms: number): Promise<Seen & { perSecond: number }> {
  const random = seeded(SEED);
  const rank = zipf(random, PRODUCTS, SKEW);
  const next = () =>
    random() < writes
      ? patchOf(port, 1 + Math.floor(random() * PRODUCTS))
      : getOf(port, 1 + ((rank() * 7_919) % PRODUCTS));
  const since = performance.now();
  const seen = await Promise.all(Array.from({ length: CONNECTIONS }, () => client(port, next, since + ms)));
  const sum = (of: keyof Seen) => seen.reduce((total, one) => total + one[of], 0);
  const answered = sum('answered');
  return { answered, others: sum('others'), perSecond: (answered * 1_000) / (performance.now() - since) };
}

interface Seen {
  answered: number;
  /** Answers that were not 200. */
  others: number;
}

/** Resolves after the first answer past `until`; rejects when the connection breaks. */
function client(port: number, next: () => string, until: number): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const seen: Seen = { answered: 0, others: 0 };
    const connection = new Connection('127.0.0.1', port);
    const ask = () =>
      connection.ask(next(), (answer) => {
        if (answer === null) {
          reject(new Error('a connection broke under load'));
          return;
        }
        seen.answered++;
        if (answer.status !== 200) seen.others++;
        if (performance.now() < until) ask();
        else {
          connection.close();
          resolve(seen);
        }
      });
    ask();
  });
}

function getOf(port: number, id: number): string {
  return `GET /products/${id} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
}

function patchOf(port: number, id: number): string {
  const json = '{"stock":7}';
  const headers = `Host: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${json.length}`;
  return `PATCH /products/${id} HTTP/1.1\r\n${headers}\r\n\r\n${json}`;
}
