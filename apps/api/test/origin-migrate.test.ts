/** The migration program as the launcher calls it: once, again, at the same time, and when something is wrong. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../src/migrations.ts';
import { failureOf, MIGRATIONS, SEED, TestDatabase } from './origin-database.ts';

const PROGRAM = fileURLToPath(new URL('../src/migrate.ts', import.meta.url));

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await TestDatabase.start();
  folder = mkdtempSync(join(tmpdir(), 'lockstep-migrations-'));
});

afterAll(async () => {
  await database?.stop();
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly code: number;
  readonly out: string[];
  readonly err: string;
}

function run(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout.trim().split('\n'), err: stderr.trim() });
    });
  });
}

/** A copy of the migrations that a test may change. */
function copied(): string {
  const copy = mkdtempSync(join(folder, 'copy-'));
  cpSync(MIGRATIONS, copy, { recursive: true });
  return copy;
}

function apply(url: string, from: string, seedFile: string | null = null): Promise<void> {
  return database.as((client) => migrate(client, { folder: from, seedFile, say: () => undefined }), url);
}

test('migrates and seeds an empty database; again it finds nothing to do', async () => {
  const url = await database.empty('fresh');
  expect(await run({ DATABASE_URL: url }, '--seed')).toEqual({
    code: 0,
    out: [
      'migration 0001_products.sql: applied',
      'migration 0002_outbox.sql: applied',
      'migration 0003_idempotency.sql: applied',
      'migration 0004_relay.sql: applied',
      'seed: 10000 products',
    ],
    err: '',
  });
  const again = await run({ DATABASE_URL: url }, '--seed');
  expect(again).toMatchObject({
    code: 0,
    out: ['migrations: all 4 were applied before', 'seed: skipped, as there are products already'],
  });
});

test('the seed is products 1 to 10000 in 20 categories, the same each time, and leaves no outbox rows', async () => {
  const digests = [];
  for (const name of ['seed_one', 'seed_two']) {
    const url = await database.empty(name);
    await apply(url, MIGRATIONS, SEED);
    const [row] = await database.sql(
      `SELECT count(*)::int AS count, min(id)::int AS least, max(id)::int AS most, min(version)::int || '-' || max(version) AS versions,
        count(DISTINCT category)::int AS categories, min(stock) AS stock, (SELECT count(*)::int FROM outbox) AS outbox,
        md5(string_agg(concat_ws('|', id, sku, name, description, category, price_cents, stock), ',' ORDER BY id)) AS digest
        FROM products`,
      [],
      url,
    );
    expect(row).toMatchObject({
      count: 10_000,
      least: 1,
      most: 10_000,
      versions: '1-1',
      categories: 20,
      stock: 0,
      outbox: 0,
    });
    digests.push(row?.digest);
    const created = `INSERT INTO products (sku, name, category, price_cents) VALUES ('NEXT', 'Next', 'next', 1)
      RETURNING id::int, (SELECT tgenabled = 'O' FROM pg_trigger WHERE tgname = 'products_to_outbox') AS enabled`;
    expect(await database.sql(created, [], url)).toEqual([{ id: 10_001, enabled: true }]);
    expect(await database.sql('SELECT key FROM outbox', [], url)).toEqual([{ key: 'product:10001' }]);
  }
  expect(digests[0]).toBe(digests[1]);
});

test('a table whose only rows are tombstones is not seeded', async () => {
  const url = await database.empty('tombstones');
  await apply(url, MIGRATIONS);
  await database.sql("INSERT INTO products (sku, name, category, price_cents) VALUES ('A', 'A', 'a', 1)", [], url);
  await database.sql('DELETE FROM products', [], url);
  await apply(url, MIGRATIONS, SEED);
  expect(await database.sql('SELECT count(*)::int AS count FROM products', [], url)).toEqual([{ count: 1 }]);
});

test('of five at the same time one migrates and one seeds, and all succeed', async () => {
  const url = await database.empty('race');
  const runs = await Promise.all(Array.from({ length: 5 }, () => run({ DATABASE_URL: url }, '--seed')));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  const lines = runs.flatMap(({ out }) => out);
  expect(lines.filter((line) => line === 'migration 0001_products.sql: applied')).toHaveLength(1);
  expect(lines.filter((line) => line === 'seed: 10000 products')).toHaveLength(1);
});

test('a file that was changed, removed or misnumbered is refused, and nothing else is done', async () => {
  const url = await database.empty('changed');
  await apply(url, MIGRATIONS);
  const changed = copied();
  writeFileSync(join(changed, '0002_outbox.sql'), 'SELECT 1;');
  writeFileSync(join(changed, '0005_more.sql'), 'CREATE TABLE more ();');
  const error = await failureOf(apply(url, changed));
  expect(error.code).toBe('E_MIGRATION_CHANGED');
  expect(error.message).toContain('0002_outbox.sql');
  const fewer = copied();
  rmSync(join(fewer, '0003_idempotency.sql'));
  expect((await failureOf(apply(url, fewer))).code).toBe('E_MIGRATION_FILES');
  const gap = copied();
  writeFileSync(join(gap, '0006_gap.sql'), 'SELECT 1;');
  expect((await failureOf(apply(url, gap))).code).toBe('E_MIGRATION_FILES');
  expect(await database.sql("SELECT to_regclass('more') AS more", [], url)).toEqual([{ more: null }]);
});

test('other line ends are no change', async () => {
  const url = await database.empty('line_ends');
  const other = copied();
  writeFileSync(join(other, '0005_more.sql'), 'CREATE TABLE more\r\n();\r\n');
  await apply(url, other);
  writeFileSync(join(other, '0005_more.sql'), 'CREATE TABLE more\n();\n');
  await apply(url, other);
});

test('a migration that fails undoes all of its run, and says which line it was', async () => {
  const url = await database.empty('failing');
  const failing = copied();
  writeFileSync(join(failing, '0005_more.sql'), 'CREATE TABLE more ();\n\nSELECT nonsense;\n');
  const error = await failureOf(apply(url, failing));
  expect(error.code).toBe('E_MIGRATION_REFUSED');
  expect(error.message).toMatch(/0005_more\.sql, line 3: .*nonsense/);
  const [row] = await database.sql(
    "SELECT to_regclass('products') AS a, to_regclass('schema_migrations') AS b",
    [],
    url,
  );
  expect(row).toEqual({ a: null, b: null });
});

test('the URL may be in a file', async () => {
  const file = join(folder, 'url');
  writeFileSync(file, `${await database.empty('from_file')}\n`);
  expect(await run({ DATABASE_URL_FILE: file })).toMatchObject({ code: 0 });
});

test('a wrong call, password or database ends at once, with one line and without the password', async () => {
  const wrong = Object.assign(new URL(database.url), { password: 'hush' }).href;
  const elsewhere = Object.assign(new URL(database.url), { pathname: '/nowhere' }).href;
  const cases: [NodeJS.ProcessEnv, string[], RegExp][] = [
    [{ DATABASE_URL: database.url }, ['--sed'], /unknown: --sed/],
    [{}, [], /neither DATABASE_URL nor DATABASE_URL_FILE/],
    [{ DATABASE_URL: 'a', DATABASE_URL_FILE: 'b' }, [], /set one of them/],
    [{ DATABASE_URL: 'mysql://hush@host' }, [], /is not like postgres:/],
    [{ DATABASE_URL: wrong }, [], /password authentication failed/],
    [{ DATABASE_URL: elsewhere }, [], /database "nowhere" does not exist/],
  ];
  for (const [env, args, says] of cases) {
    const { code, err } = await run(env, ...args);
    expect(code).toBe(1);
    expect(err).toMatch(says);
    expect(err.split('\n')).toHaveLength(1);
    expect(err).not.toContain('hush');
  }
});

test('waits for a Postgres that is not there yet', async () => {
  const url = await database.empty('waited_for');
  let back = false;
  const restarted = database.server.restart({ downMs: 1_500 }).then(() => {
    back = true;
  });
  await expect
    .poll(() =>
      database.sql('SELECT 1').then(
        () => true,
        () => false,
      ),
    )
    .toBe(false);
  expect(back).toBe(false);
  expect(await run({ DATABASE_URL: url })).toMatchObject({ code: 0, err: '' });
  await restarted;
});
