import type { Sweep } from './sweep.ts';

const COLUMNS = [
  ['scenario', -22],
  ['clusters', 9],
  ['operations', 11],
  ['writes', 9],
  ['bounded', 10],
  ['session', 10],
  ['strong', 9],
  ['proved', 10],
  ['stalest ms', 11],
  ['violations', 11],
  ['per CPU s', 10],
] as const;

export function header(): string {
  return row(COLUMNS.map(([name]) => name));
}

/** One scenario, in a line of the table. */
export function line(sweep: Sweep): string {
  const { checked } = sweep;
  return row([
    sweep.scenario,
    ...[sweep.clusters, sweep.operations, sweep.writes].map(whole),
    ...[checked.bounded, checked.session, checked.strong, checked.proved, sweep.worstStalenessMs].map(whole),
    sweep.broken === null ? '0' : sweep.broken.kind,
    whole(perSecond(sweep)),
  ]);
}

/** All of them together, in words. */
export function total(sweeps: readonly Sweep[]): string {
  const sum = (of: (sweep: Sweep) => number) => sweeps.reduce((all, sweep) => all + of(sweep), 0);
  const broken = sweeps.filter((sweep) => sweep.broken !== null);
  const [first] = sweeps;
  const seeds = first === undefined ? '' : `, seeds from ${first.firstSeed}`;
  const clusters = sum((sweep) => sweep.clusters);
  return [
    `${whole(clusters)} clusters of 3 replicas, ${whole(sum((sweep) => sweep.operations))} operations${seeds}`,
    `sessions: ${whole(sum(({ checked }) => checked.session))} reads, ${violations(broken, ['read-your-writes'])} read-your-writes and ${violations(broken, ['monotonic-reads'])} monotonic-read violations`,
    `${broken.length === 0 ? 'every promise was kept' : `${broken.length} scenarios have broken a promise`}; ${whole(clusters / (sum(({ cpuMs }) => cpuMs) / 1_000))} clusters for each second of one core`,
  ].join('\n');
}

export function json(sweep: Sweep): string {
  const { broken, ...rest } = sweep;
  return JSON.stringify({
    ...rest,
    clustersPerCpuSecond: perSecond(sweep),
    broken: broken && { seed: broken.seed, kind: broken.kind, plan: broken.found.plan },
  });
}

function violations(broken: readonly Sweep[], kinds: readonly string[]): number {
  return broken.filter((sweep) => kinds.includes(sweep.broken?.kind ?? '')).length;
}

function perSecond({ clusters, cpuMs }: Sweep): number {
  return cpuMs === 0 ? 0 : Math.round(clusters / (cpuMs / 1_000));
}

function whole(count: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 }).format(count);
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => {
      const width = COLUMNS[at]?.[1] ?? 0;
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    })
    .join('');
}
