import type { Status } from '@lockstep/cluster';
import { ask, jsonOf } from './client.ts';

/** What the private listener of a replica says of it (docs/HTTP.md). */
export interface ReplicaReport {
  readonly name: string;
  readonly state: string;
  readonly partitions: readonly { readonly epoch: string; readonly applied: number; readonly quarantineMs: number }[];
  readonly trust: { readonly state: string; readonly ageMs: number | null; readonly boundMs: number };
  readonly l1: { readonly entries: number; readonly maxEntries: number };
  readonly counters: Readonly<Record<string, number>>;
}

export async function report(internal: string | null): Promise<ReplicaReport> {
  return jsonOf(await ask(`${internal}/internal/status`));
}

/** One counter, summed over all replicas. */
export async function total(status: Status, ...names: readonly string[]): Promise<number> {
  const reports = await Promise.all(status.replicas.map(({ internal }) => report(internal)));
  return reports.reduce((sum, { counters }) => sum + names.reduce((part, name) => part + (counters[name] ?? 0), 0), 0);
}

/** The public listeners of the replicas, past nginx. */
export function urlsOf(status: Status): string[] {
  return status.replicas.map(({ url }) => url ?? '');
}
