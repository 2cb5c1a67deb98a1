/** What the console is told by its environment (docs/HTTP.md, "Console"). */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** More names under which the page is reached, beside loopback's: `console.example:8090`. */
  readonly hosts: readonly string[];
  /** The cluster's public URL: nginx. */
  readonly clusterUrl: string;
  /** Where the launcher takes orders; null: there is none. */
  readonly controlSocket: string | null;
  /** By which name replicas are found, where there is no launcher. */
  readonly dns: { readonly name: string; readonly port: number; readonly internalPort: number } | null;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly rps: number;
  readonly writesPercent: number;
  readonly seed: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of an environment at once, one line each. None of them repeats a URL, as it may hold a password. */
export class ConfigError extends Error {
  readonly code = 'E_CONSOLE_CONFIG';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the console cannot start:\n${problems.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const NAMES = [
  ...['CONSOLE_HOST', 'CONSOLE_PORT', 'CONSOLE_HOSTS', 'CONSOLE_CLUSTER', 'CONSOLE_DNS', 'CONSOLE_DNS_PORT'],
  ...['CONSOLE_DNS_INTERNAL_PORT', 'CONSOLE_RPS', 'CONSOLE_WRITES_PERCENT', 'CONSOLE_SEED'],
];

/** Reads and checks the environment; an empty variable counts as one that is not set. Throws `ConfigError`. */
export function readConfig(env: Environment, readFile: (path: string) => string): Config {
  const problems: string[] = [];
  const text = (name: string) => (env[name] === '' ? undefined : env[name]);
  const problem = (name: string, what: string) => void problems.push(`${name} ${what}`);
  const number = (name: string, least: number, most: number, otherwise: number): number => {
    const given = text(name);
    const value = given === undefined ? otherwise : /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (!(value >= least && value <= most)) {
      problem(name, `must be a whole number from ${least} to ${most}, not ${JSON.stringify(given)}`);
    }
    return value;
  };
  const url = (name: string, protocols: readonly string[], needed: boolean): string | null => {
    let value = text(name);
    const file = text(`${name}_FILE`);
    if (value !== undefined && file !== undefined)
      problem(name, `and ${name}_FILE are both set: one of them is enough`);
    if (value === undefined && file !== undefined) {
      try {
        value = readFile(file).trim();
      } catch {
        problem(`${name}_FILE`, 'names a file that cannot be read');
        return null;
      }
    }
    if (value === undefined) {
      if (needed) problem(name, 'is missing');
      return null;
    }
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    problem(name, `must be a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`);
    return null;
  };
  for (const name of Object.keys(env)) {
    if (name.startsWith('CONSOLE_') && !NAMES.includes(name))
      problem(name, `is not known; there are ${NAMES.join(', ')}`);
  }
  const dns = text('CONSOLE_DNS');
  const controlSocket = text('CONTROL_SOCKET') ?? null;
  if ((dns === undefined) === (controlSocket === null)) {
    problem('CONTROL_SOCKET', 'or CONSOLE_DNS, one of them, has to say where the replicas are found');
  }
  const config: Config = {
    host: text('CONSOLE_HOST') ?? '127.0.0.1',
    port: number('CONSOLE_PORT', 0, 65_535, 8_090),
    hosts: (text('CONSOLE_HOSTS') ?? '').split(',').filter(Boolean),
    clusterUrl: url('CONSOLE_CLUSTER', ['http:'], true) ?? '',
    controlSocket,
    dns:
      dns === undefined
        ? null
        : {
            name: dns,
            port: number('CONSOLE_DNS_PORT', 1, 65_535, 3_000),
            internalPort: number('CONSOLE_DNS_INTERNAL_PORT', 1, 65_535, 3_001),
          },
    databaseUrl: url('DATABASE_URL', ['postgres:', 'postgresql:'], true) ?? '',
    redisUrl: url('REDIS_URL', ['redis:', 'rediss:'], false),
    rps: number('CONSOLE_RPS', 0, 5_000, 120),
    writesPercent: number('CONSOLE_WRITES_PERCENT', 0, 100, 5),
    seed: number('CONSOLE_SEED', 0, 0xffff_ffff, 1),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}
