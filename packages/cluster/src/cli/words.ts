import type { ShowLine } from '../processes/logs.ts';
import type { Status } from '../status.ts';

/** A running cluster for people: where everything is. */
export function describeStatus({ url, console: page, replicas, redis, postgres, nginx, settings }: Status): string {
  const rows = [
    ['cluster', url, `nginx, pid ${nginx.pid ?? '-'}`],
    ...(page === null ? [] : [['console', page, 'what happens, seen from outside']]),
    ...replicas.map(({ name, internal, pid, state, paused, url: at }) => [
      name,
      at ?? '-',
      `${paused === true ? 'paused' : state}, pid ${pid ?? '-'}, private ${internal}`,
    ]),
    ['redis', redis.url ?? '-', `pid ${redis.pid ?? '-'}`],
    ['postgres', postgres.url ?? '-', `pid ${postgres.pid ?? '-'}`],
  ];
  const { protocol, writes, stalenessMs, beatMs } = settings;
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return [
    ...rows.map(([name = '', at, more]) => `  ${name.padEnd(width)}  ${at}  (${more})`),
    `  ${protocol} protocol, ${writes} writes, bound ${stalenessMs} ms, a beat each ${beatMs} ms`,
  ].join('\n');
}

/** Three lines to try, that show what the cluster is about. */
export function whatToTry(url: string): string {
  const product = `${url}/products/42`;
  return [
    'Try, a few times each:',
    `  curl -si ${product} | grep -iE '^(x-|[{])'`,
    `  curl -s -X PATCH ${product} -H 'content-type: application/json' -d '{"priceCents": 4200}'`,
    `  curl -si ${product} | grep -iE '^(x-|[{])'`,
  ].join('\n');
}

const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Writes lines to standard error, each after the name of the member that wrote it, coloured on a terminal. */
export function prefixedLines(coloured: boolean): ShowLine {
  const colours = new Map<string, number>();
  return (name, line) => {
    let colour = colours.get(name);
    if (colour === undefined) {
      colour = COLOURS[colours.size % COLOURS.length] ?? 0;
      colours.set(name, colour);
    }
    const prefix = `${name.padEnd(12)} |`;
    process.stderr.write(`${coloured ? `\u001b[${colour}m${prefix}\u001b[0m` : prefix} ${line}\n`);
  };
}
