import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { DOWN_LIMIT_MS, REPLICAS_DEFAULT, REPLICAS_MAX } from '../limits.ts';
import type { RestartOptions } from '../options.ts';
import type { Settings } from '../status.ts';

/** What a command line asks for. */
export type Invocation =
  | StartInvocation
  | { readonly command: 'help' }
  | { readonly command: 'status'; readonly cluster: string | null; readonly json: boolean }
  | { readonly command: 'scale'; readonly cluster: string | null; readonly replicas: number }
  | { readonly command: 'stop'; readonly cluster: string | null }
  | {
      readonly command: 'watch';
      readonly cluster: string | null;
      readonly json: boolean;
      /** Null: until the user ends it. */
      readonly forS: number | null;
    }
  | ScenarioInvocation
  | {
      readonly command: 'restart';
      readonly cluster: string | null;
      readonly name: string;
      readonly options: RestartOptions;
    };

export interface StartInvocation {
  readonly command: 'start';
  readonly backend: 'auto' | 'processes' | 'compose';
  readonly replicas: number;
  readonly port: number | null;
  readonly console: boolean;
  readonly consolePort: number | null;
  readonly keep: string | null;
  readonly protocol: Settings['protocol'];
  readonly writes: Settings['writes'];
  readonly stalenessMs: number | null;
  readonly install: boolean;
  readonly json: boolean;
  readonly logs: boolean;
}

export interface ScenarioInvocation {
  readonly command: 'scenario';
  readonly cluster: string | null;
  /** Null: they are listed. */
  readonly name: string | null;
  readonly install: boolean;
  readonly json: boolean;
}

const FLAGS = ['help', 'json', 'logs', 'no-install', 'no-console', 'kill', 'lose-data'] as const;
const VALUES = [
  ...['replicas', 'port', 'console-port', 'keep', 'protocol', 'writes', 'staleness', 'backend'],
  ...['cluster', 'down', 'for'],
];

interface CommandForm {
  readonly options: readonly string[];
  readonly operands: readonly string[];
  /** True: the operand may be left out. */
  readonly optional?: boolean;
}

/** Which options belong to which command; `start` is what is done without a command. */
const COMMANDS: Readonly<Record<string, CommandForm>> = {
  start: {
    options: [
      ...['replicas', 'port', 'console-port', 'keep', 'protocol', 'writes', 'staleness', 'backend'],
      ...['no-install', 'no-console', 'json', 'logs'],
    ],
    operands: [],
  },
  status: { options: ['json', 'cluster'], operands: [] },
  scale: { options: ['cluster'], operands: ['N'] },
  stop: { options: ['cluster'], operands: [] },
  watch: { options: ['json', 'for', 'cluster'], operands: [] },
  scenario: { options: ['json', 'no-install', 'cluster'], operands: ['NAME'], optional: true },
  restart: { options: ['kill', 'lose-data', 'down', 'cluster'], operands: ['NAME'] },
};

const MEMBER = /^(redis|postgres|nginx|api-[1-9]\d?)$/;
const PORT_MAX = 65_535;
const STALENESS_MAX_MS = 3_600_000;
const WATCH_MAX_S = 86_400;

/** Reads a command line; throws a UsageError with every problem of it. */
export function parseInvocation(argv: readonly string[]): Invocation {
  const read = new Reader(argv);
  if (read.flag('help')) return { command: 'help' };
  const invocation = invocationOf(read);
  if (read.problems.length > 0) throw new UsageError(read.problems);
  return invocation;
}

function invocationOf(read: Reader): Invocation {
  const cluster = read.url('cluster');
  switch (read.command) {
    case 'status':
      return { command: 'status', cluster, json: read.flag('json') };
    case 'scale':
      return { command: 'scale', cluster, replicas: read.integer('N', read.operand, 1, REPLICAS_MAX) ?? 1 };
    case 'stop':
      return { command: 'stop', cluster };
    case 'watch':
      return {
        command: 'watch',
        cluster,
        json: read.flag('json'),
        forS: read.integer('--for', read.value('for'), 1, WATCH_MAX_S),
      };
    case 'scenario':
      return {
        command: 'scenario',
        cluster,
        name: read.operand,
        install: !read.flag('no-install'),
        json: read.flag('json'),
      };
    case 'restart':
      return { command: 'restart', cluster, name: read.operand ?? '', options: restartOf(read) };
    default:
      return startOf(read);
  }
}

function startOf(read: Reader): StartInvocation {
  if (read.flag('no-console') && read.value('console-port') !== null) {
    read.problems.push('--console-port is for a console, and --no-console leaves it out');
  }
  return {
    command: 'start',
    backend: read.choice('backend', ['auto', 'processes', 'compose']),
    replicas: read.integer('--replicas', read.value('replicas'), 1, REPLICAS_MAX) ?? REPLICAS_DEFAULT,
    port: read.integer('--port', read.value('port'), 0, PORT_MAX),
    console: !read.flag('no-console'),
    consolePort: read.integer('--console-port', read.value('console-port'), 0, PORT_MAX),
    keep: read.value('keep'),
    protocol: read.choice('protocol', ['guarded', 'naive']),
    writes: read.choice('writes', ['bounded', 'linearizable']),
    stalenessMs: read.integer('--staleness', read.value('staleness'), 1, STALENESS_MAX_MS),
    install: !read.flag('no-install'),
    json: read.flag('json'),
    logs: read.flag('logs'),
  };
}

function restartOf(read: Reader): RestartOptions {
  const name = read.operand;
  if (name !== null && !MEMBER.test(name)) {
    read.problems.push(`there is no ${name} to restart; NAME is redis, postgres, nginx or a replica, as api-1`);
  }
  if (read.flag('lose-data') && name !== 'redis') {
    read.problems.push('--lose-data is for redis only: the origin keeps its data, and nothing else has any');
  }
  return {
    kill: read.flag('kill'),
    loseData: read.flag('lose-data'),
    downMs: read.integer('--down', read.value('down'), 0, DOWN_LIMIT_MS) ?? 0,
  };
}

/** Takes a command line apart, and collects what is wrong with it instead of stopping at the first. */
class Reader {
  readonly problems: string[] = [];
  readonly command: string;
  readonly operand: string | null;
  readonly #values = new Map<string, string | true>();

  constructor(argv: readonly string[]) {
    const { tokens } = parseArgs({
      args: [...argv],
      strict: false,
      tokens: true,
      allowPositionals: true,
      options: Object.fromEntries([
        ...FLAGS.map((name) => [name, { type: 'boolean' as const }]),
        ...VALUES.map((name) => [name, { type: 'string' as const }]),
      ]),
    });
    const operands = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
    const [first = 'start'] = operands;
    const command = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
    if (command === undefined) this.problems.push(`there is no command ${first}; ${Object.keys(COMMANDS).join(', ')}`);
    this.command = command === undefined ? 'start' : first;
    const given = operands.slice(1);
    for (const [index, name] of (command?.operands ?? []).entries()) {
      if (given[index] === undefined && command?.optional !== true) this.problems.push(`${first} needs ${name}`);
    }
    this.operand = given[0] ?? null;
    for (const extra of command === undefined ? [] : given.slice(command.operands.length)) {
      this.problems.push(`${first} does not take ${extra}`);
    }
    for (const token of tokens) {
      if (token.kind !== 'option') continue;
      // `--keep --json` is a forgotten value, not a folder of that name.
      const forgotten = token.inlineValue === false && token.value.startsWith('--');
      this.#take(token.rawName, token.name, forgotten ? undefined : token.value, command);
    }
  }

  #take(
    raw: string,
    name: string,
    value: string | undefined,
    command: { options: readonly string[] } | undefined,
  ): void {
    const isFlag = (FLAGS as readonly string[]).includes(name);
    if (!isFlag && !VALUES.includes(name)) this.problems.push(`there is no option ${raw}`);
    else if (name !== 'help' && command !== undefined && !command.options.includes(name)) {
      this.problems.push(`${this.command} does not take ${raw}`);
    } else if (this.#values.has(name)) this.problems.push(`${raw} is given twice`);
    else if (isFlag && value !== undefined) this.problems.push(`${raw} takes no value`);
    else if (!isFlag && (value === undefined || value === '')) this.problems.push(`${raw} needs a value`);
    else this.#values.set(name, isFlag ? true : (value ?? ''));
  }

  flag(name: (typeof FLAGS)[number]): boolean {
    return this.#values.has(name);
  }

  value(name: string): string | null {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : null;
  }

  integer(label: string, text: string | null, least: number, most: number): number | null {
    if (text === null) return null;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.problems.push(`${label} is "${text}"; it is a whole number from ${least} to ${most}`);
    return null;
  }

  /** One of these; the first is the default. */
  choice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const text = this.value(name);
    const chosen = choices.find((choice) => choice === text);
    if (text !== null && chosen === undefined)
      this.problems.push(`--${name} is "${text}"; it is ${choices.join(' or ')}`);
    return chosen ?? choices[0];
  }

  url(name: string): string | null {
    const text = this.value(name);
    if (text !== null && !URL.canParse(text))
      this.problems.push(`--${name} is "${text}"; it is a URL, as status prints it`);
    return text;
  }
}
