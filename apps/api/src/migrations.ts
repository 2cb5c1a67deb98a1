import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';

export type MigrationErrorCode =
  /** The files do not fit together, or do not fit what was applied before. */
  | 'E_MIGRATION_FILES'
  /** A file that was applied has changed since. */
  | 'E_MIGRATION_CHANGED'
  /** Postgres refused what a file says. */
  | 'E_MIGRATION_REFUSED'
  /** Postgres cannot be reached, or does not let us in. */
  | 'E_MIGRATION_UNREACHABLE'
  /** The arguments or the environment do not say what to do. */
  | 'E_MIGRATION_USAGE';

export class MigrationError extends Error {
  readonly code: MigrationErrorCode;

  constructor(code: MigrationErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MigrationError';
    this.code = code;
  }
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

export interface MigrateOptions {
  /** Holds `0001_<name>.sql` and so on. */
  readonly folder: string;
  /** Run when the table of products is empty; null: not at all. */
  readonly seedFile: string | null;
  /** Told one line per thing done. */
  readonly say: (line: string) => void;
}

/** Any number that nobody else takes a lock on. */
const LOCK = 5_204_113_377;
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * Applies what is pending, and the seed, in one transaction: all of it or nothing. Of several runs at the same time one
 * works, the others wait for it at the lock and find nothing left to do.
 */
export async function migrate(client: Client, { folder, seedFile, say }: MigrateOptions): Promise<void> {
  const migrations = readMigrations(folder);
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS public.schema_migrations (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const lines = await applyPending(client, migrations);
    if (seedFile !== null) lines.push(await seed(client, seedFile));
    await client.query('COMMIT');
    // Said only now: before the commit nothing is done.
    for (const line of lines) say(line);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** In order of their numbers, which have no gaps and no doubles. */
function readMigrations(folder: string): readonly Migration[] {
  const names = readdirSync(folder).sort();
  return names.map((name, index) => {
    const expected = String(index + 1).padStart(4, '0');
    if (FILE_NAME.exec(name)?.[1] !== expected) {
      throw new MigrationError(
        'E_MIGRATION_FILES',
        `expected ${expected}_<name>.sql in ${folder} and found ${name}: migrations are numbered without gaps`,
      );
    }
    // A checkout with other line ends is the same migration.
    const sql = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

async function applyPending(client: Client, migrations: readonly Migration[]): Promise<string[]> {
  const { rows } = await client.query<Omit<Migration, 'sql'>>(
    'SELECT name, checksum FROM public.schema_migrations ORDER BY name',
  );
  rows.forEach((applied, index) => {
    checkApplied(applied, migrations[index]);
  });
  const pending = migrations.slice(rows.length);
  const lines: string[] = [];
  for (const { name, sql, checksum } of pending) {
    await run(client, name, sql);
    await client.query('INSERT INTO public.schema_migrations (name, checksum) VALUES ($1, $2)', [name, checksum]);
    lines.push(`migration ${name}: applied`);
  }
  return lines.length > 0 ? lines : [`migrations: all ${migrations.length} were applied before`];
}

function checkApplied(applied: Omit<Migration, 'sql'>, file: Migration | undefined): void {
  if (file?.name !== applied.name) {
    const found = file === undefined ? 'there is no such file' : `its place is taken by ${file.name}`;
    throw new MigrationError(
      'E_MIGRATION_FILES',
      `the database was migrated with ${applied.name}, and ${found}: use the version of the program that made it, or a newer one`,
    );
  }
  if (file.checksum === applied.checksum) return;
  throw new MigrationError(
    'E_MIGRATION_CHANGED',
    `${file.name} has been changed since it was applied to this database: put it back as it was, and write the change ` +
      'as a new migration',
  );
}

/** Only into a table that has no rows, tombstones included: never over anybody's data. */
async function seed(client: Client, file: string): Promise<string> {
  // Held to the end of the transaction: nobody inserts between the look and the seed.
  await client.query('LOCK TABLE public.products IN SHARE ROW EXCLUSIVE MODE');
  const { rowCount } = await client.query('SELECT FROM public.products LIMIT 1');
  if (rowCount !== 0) return 'seed: skipped, as there are products already';
  await run(client, 'the seed', readFileSync(file, 'utf8'));
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM public.products');
  return `seed: ${rows[0]?.count} products`;
}

async function run(client: Client, name: string, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN;
    const where = Number.isNaN(position) ? '' : `, line ${sql.slice(0, position).split('\n').length}`;
    throw new MigrationError(
      'E_MIGRATION_REFUSED',
      `Postgres refused ${name}${where}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
