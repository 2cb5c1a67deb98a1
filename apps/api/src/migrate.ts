/**
 * Brings the database to the newest schema, and with `--seed` fills an empty catalogue:
 * `node apps/api/src/migrate.ts [--seed]`, with DATABASE_URL or DATABASE_URL_FILE in the environment. One line for each
 * thing done; exit 0, or 1 with the reason.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, DatabaseError } from 'pg';
import { MigrationError, migrate } from './migrations.ts';

const INFRA = new URL('../../../infra/postgres/', import.meta.url);
/** How long Postgres may take to accept connections, ms, and how long between two tries. */
const START_MS = 30_000;
const RETRY_MS = 250;
const CONNECT_MS = 3_000;
/** The longest statement, and wait for another migration, ms; we give up a little later than Postgres should. */
const STATEMENT_MS = 60_000;
const ANSWER_MS = 65_000;

try {
  const seed = readArguments(process.argv.slice(2));
  const client = await connect(readUrl(process.env));
  try {
    await migrate(client, {
      folder: fileURLToPath(new URL('migrations', INFRA)),
      seedFile: seed ? fileURLToPath(new URL('seed.sql', INFRA)) : null,
      say: (line) => console.log(line),
    });
  } finally {
    // Not awaited: it is done, or has failed, whether or not Postgres hears that we leave.
    client.end().catch(() => undefined);
  }
} catch (error) {
  console.error(`migrate: ${reasonOf(error)}`);
  // Not `process.exitCode`: a connection that hangs would keep the process.
  process.exit(1);
}

/** True when the seed is asked for. */
function readArguments(args: readonly string[]): boolean {
  const unknown = args.filter((arg) => arg !== '--seed');
  if (unknown.length === 0) return args.length > 0;
  throw new MigrationError('E_MIGRATION_USAGE', `unknown: ${unknown.join(' ')}; the only argument is --seed`);
}

function readUrl(env: NodeJS.ProcessEnv): string {
  const { DATABASE_URL: url = '', DATABASE_URL_FILE: file = '' } = env;
  if ((url === '') === (file === '')) {
    const what =
      url === '' ? 'neither DATABASE_URL nor DATABASE_URL_FILE is' : 'DATABASE_URL and DATABASE_URL_FILE are';
    throw new MigrationError('E_MIGRATION_USAGE', `${what} set: set one of them`);
  }
  const text = url === '' ? readFileSync(file, 'utf8').trim() : url;
  if (/^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new MigrationError('E_MIGRATION_USAGE', 'the database URL is not like postgres://user:password@host:5432/name');
}

/** Waits until Postgres accepts connections; what it says against ours (password, database) ends the wait. */
async function connect(connectionString: string): Promise<Client> {
  const { host } = new URL(connectionString);
  for (const since = performance.now(); ; await pause(RETRY_MS)) {
    const client = new Client({
      connectionString,
      application_name: 'migrate',
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      query_timeout: ANSWER_MS,
    });
    // The query that is under way fails with it.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      const refused = error instanceof DatabaseError && !/^(08|53|57)/.test(error.code ?? '');
      if (!refused && performance.now() - since < START_MS) continue;
      throw new MigrationError(
        'E_MIGRATION_UNREACHABLE',
        `Postgres at ${host} does not let us in: ${reasonOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}

/** A name with several addresses, none of which answers, makes an error that has a code and no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
