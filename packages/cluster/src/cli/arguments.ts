import { CommandLine } from '@lockstep/command-line';
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
const START_VALUES = [
  'replicas',
  'port',
  'console-port',
  'keep',
  'protocol',
  'writes',
  'staleness',
  'backend',
] as const;
const VALUES = [...START_VALUES, 'cluster', 'down', 'for'] as const;

interface CommandForm {
  readonly options: readonly string[];
  readonly operands: readonly string[];
  /** True: the operand may be left out. */
  readonly optional?: boolean;
}

/** Which options belong to which command; `start` is what is done without a command. */
const COMMANDS: Readonly<Record<string, CommandForm>> = {
  start: {
    options: [...START_VALUES, 'no-install', 'no-console', 'json', 'logs'],
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
      return { command: 'scale', cluster, replicas: read.wholeOf('N', read.operand, 1, REPLICAS_MAX) ?? 1 };
    case 'stop':
      return { command: 'stop', cluster };
    case 'watch':
      return {
        command: 'watch',
        cluster,
        json: read.flag('json'),
        forS: read.whole('for', 1, WATCH_MAX_S),
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
    replicas: read.whole('replicas', 1, REPLICAS_MAX) ?? REPLICAS_DEFAULT,
    port: read.whole('port', 0, PORT_MAX),
    console: !read.flag('no-console'),
    consolePort: read.whole('console-port', 0, PORT_MAX),
    keep: read.value('keep'),
    protocol: read.choice('protocol', ['guarded', 'naive']),
    writes: read.choice('writes', ['bounded', 'linearizable']),
    stalenessMs: read.whole('staleness', 1, STALENESS_MAX_MS),
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
    downMs: read.whole('down', 0, DOWN_LIMIT_MS) ?? 0,
  };
}

/** A command line in which the first operand is the command, and says which options and operands belong to it. */
class Reader extends CommandLine<(typeof FLAGS)[number], (typeof VALUES)[number]> {
  readonly command: string;
  readonly operand: string | null;

  constructor(argv: readonly string[]) {
    super(argv, { flags: FLAGS, values: VALUES, operands: true });
    const [first = 'start', ...given] = this.operands;
    const command = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
    this.command = command === undefined ? 'start' : first;
    this.operand = given[0] ?? null;
    if (command === undefined) this.problems.push(`there is no command ${first}; ${Object.keys(COMMANDS).join(', ')}`);
    else this.#hold(first, command, given);
  }

  /** Holds what was given against what the command takes. */
  #hold(name: string, { options, operands, optional = false }: CommandForm, given: readonly string[]): void {
    const missing = optional ? [] : operands.slice(given.length);
    for (const operand of missing) this.problems.push(`${name} needs ${operand}`);
    const strange = this.given.filter((option) => option.name !== 'help' && !options.includes(option.name));
    for (const extra of [...given.slice(operands.length), ...strange.map(({ rawName }) => rawName)]) {
      this.problems.push(`${name} does not take ${extra}`);
    }
  }

  url(name: (typeof VALUES)[number]): string | null {
    const text = this.value(name);
    if (text !== null && !URL.canParse(text))
      this.problems.push(`--${name} is "${text}"; it is a URL, as status prints it`);
    return text;
  }
}
