import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { asRoot } from '../src/run/base.ts';
import { startPostgresServer } from '../src/servers.ts';

test('the programs of Postgres that root copies are gone when it has ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-servers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const copies = join(folder, 'postgres-programs');
  const postgres = await startPostgresServer(folder);
  expect(existsSync(copies)).toBe(asRoot);
  await postgres.stop();
  expect(existsSync(copies)).toBe(false);
});
