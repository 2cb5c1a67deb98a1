import { type Figures, TIERS } from './figures.ts';

/** Figures for people: a line each, its name first. */
export function linesOf(figures: Figures): string[] {
  const { requests, perSecond, failed, dropped, latencyMs, thresholds, breaches } = figures;
  const late = dropped === 0 ? '' : `, ${count(dropped)} not begun on time`;
  const failing = thresholds.filter(({ ok }) => !ok);
  const broken = failing.length === 0 ? '' : `, not ${failing.map(({ name }) => name).join(', ')}`;
  return [
    row('requests', `${count(requests)} (${perSecond.toFixed(1)}/s), ${count(failed)} failed${late}`),
    row('time', `p50 ${ms(latencyMs.p50)}, p95 ${ms(latencyMs.p95)}, p99 ${ms(latencyMs.p99)}`),
    row('reads from', tiersOf(figures)),
    ...(breaches === null ? [] : [row('in sessions', namedCounts(breaches))]),
    row('thresholds', `${thresholds.length - failing.length} of ${thresholds.length} hold${broken}`),
  ];
}

const NAME_WIDTH = 13;

export function row(name: string, text: string): string {
  return `  ${name.padEnd(NAME_WIDTH)}${text}`;
}

/** `L1 61.0 %, L2 10.2 %, ...`, of the reads that say their tier. */
function tiersOf({ tiers }: Figures): string {
  const all = TIERS.reduce((sum, tier) => sum + tiers[tier], 0);
  return TIERS.map((tier) => `${tier} ${((100 * tiers[tier]) / Math.max(1, all)).toFixed(1)} %`).join(', ');
}

/** `beyond_bound 0, lost_write 0` */
export function namedCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, value]) => `${name} ${count(value)}`)
    .join(', ');
}

/** Thousands apart, by hand: k6's engine knows no locales. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
