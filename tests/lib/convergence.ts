import type { Status } from '@lockstep/cluster';
import { expect } from 'vitest';
import { sql } from '../../packages/cluster/test/sql.ts';
import { ask, jsonOf } from './client.ts';

/** One look at all tiers of all replicas takes its time too. */
const LOOK_MS = 10_000;
/** Products of one replica that are looked at together. */
const TOGETHER = 16;

interface PeekReport {
  readonly l1: { readonly version: number | null } | null;
  readonly l2: { readonly version: number | null } | null;
}

/**
 * Every tier holds the origin's version of these products or nothing, within so many ms from now: what the last write has
 * invalidated may still be on its way, by the bus or by a beat.
 */
export async function expectConvergence(status: Status, ids: readonly number[], withinMs: number): Promise<void> {
  await expect.poll(() => divergences(status, ids), { timeout: withinMs + LOOK_MS }).toEqual([]);
}

/**
 * What the tiers hold of these products and the origin does not: `api-2 L1 product:42: 3, not 4`. Looked at from inside,
 * as a read would change what is there. Only while nothing is written.
 */
async function divergences(status: Status, ids: readonly number[]): Promise<string[]> {
  const rows = (await sql(status.postgres.url, 'SELECT id, version FROM products')) as {
    id: string;
    version: string;
  }[];
  const versions = new Map(rows.map(({ id, version }) => [Number(id), Number(version)]));
  const found = await Promise.all(status.replicas.map((replica) => divergencesOf(replica, ids, versions)));
  return found.flat();
}

async function divergencesOf(
  { name, internal }: Status['replicas'][number],
  ids: readonly number[],
  versions: ReadonlyMap<number, number>,
): Promise<string[]> {
  const wrong: string[] = [];
  const look = async (id: number) => {
    const peek = jsonOf<PeekReport>(await ask(`${internal}/internal/peek?key=product:${id}`));
    for (const tier of ['l1', 'l2'] as const) {
      const version = peek[tier]?.version ?? null;
      if (version !== null && version !== versions.get(id)) {
        wrong.push(`${name} ${tier.toUpperCase()} product:${id}: ${version}, not ${versions.get(id)}`);
      }
    }
  };
  for (let from = 0; from < ids.length; from += TOGETHER) {
    await Promise.all(ids.slice(from, from + TOGETHER).map(look));
  }
  return wrong;
}
