import { byId } from '../dom.ts';
import type { Heavy } from '../frames.ts';
import type { Model } from '../model.ts';
import { count, percent, short, span } from '../words.ts';
import { Chart, type ChartKind } from './chart.ts';
import { Palette } from './palette.ts';

const perSecond = (value: number) => `${short(Math.round(value))}/s`;

/** What is drawn, from what a person notices to what it costs. Lines of one chart differ by dash as well as by colour. */
const KINDS: readonly ChartKind[] = [
  {
    title: 'Staleness and lag',
    unit: '',
    scale: 'tens',
    bound: true,
    lines: [
      { column: 'stalenessMs', name: 'staleness', tint: 'alarm', dash: [], words: span },
      { column: 'lagMs', name: 'lag', tint: 'l1', dash: [4, 3], words: span },
    ],
    summary: (values, { now, faultSpans }) => {
      const worst = max(values('stalenessMs'));
      const bound = span(now.cluster.boundMs);
      const side = worst > now.cluster.boundMs ? 'beyond' : 'within';
      const lag = span(max(values('lagMs')));
      return `Worst ${span(worst)}, ${side} the bound of ${bound}; lag to ${lag}; ${count(faultSpans.length, 'fault')}.`;
    },
  },
  {
    title: 'Answered from',
    unit: '',
    scale: 'share',
    bound: false,
    lines: [
      { column: 'l1', name: 'L1', tint: 'l1', dash: [], words: percent },
      { column: 'l2', name: 'L2', tint: 'l2', dash: [5, 3], words: percent },
      { column: 'origin', name: 'origin', tint: 'origin', dash: [1.5, 3], words: percent },
    ],
    summary: (values) =>
      `Of the answers now, ${percent(last(values('l1')))} come from L1, ${percent(last(values('l2')))} from L2, ${percent(last(values('origin')))} from the origin.`,
  },
  {
    title: 'Origin load',
    unit: 'per s',
    scale: 'amount',
    bound: false,
    lines: [{ column: 'originPerSecond', name: 'loads', tint: 'origin', dash: [], words: perSecond }],
    summary: (values) => `The origin answers ${amounts(values('originPerSecond'))} loads a second.`,
  },
  {
    title: 'Requests',
    unit: 'per s',
    scale: 'amount',
    bound: false,
    lines: [{ column: 'requests', name: 'answered', tint: 'ink', dash: [], words: perSecond }],
    summary: (values) => `The cluster answers ${amounts(values('requests'))} requests a second.`,
  },
  {
    title: 'Errors',
    unit: 'per s',
    scale: 'amount',
    bound: false,
    lines: [{ column: 'errors', name: 'failed', tint: 'alarm', dash: [], words: perSecond }],
    summary: (values) => `Errors: ${amounts(values('errors'))} a second.`,
  },
];

function max(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function last(values: readonly number[]): number | null {
  return values.at(-1) ?? null;
}

function amounts(values: readonly number[]): string {
  return `${short(Math.round(last(values) ?? 0))} now, at most ${short(Math.round(max(values)))}`;
}

/** The charts over one time axis, whose cursors move together. Drawn when there is a new point, not at every delta. */
export class Charts {
  readonly heavy: readonly Heavy[];
  readonly #charts: readonly Chart[];

  constructor(model: () => Model) {
    const root = byId('charts', HTMLElement);
    const palette = new Palette(root, () => {
      for (const chart of this.#charts) chart.redraw();
    });
    this.#charts = KINDS.map(
      (kind, i) => new Chart(kind, palette, model, { first: i === 0, last: i === KINDS.length - 1 }),
    );
    // The first has two lines over a scale of its own making, and words on its bands: the others together are no more.
    this.heavy = [this.#charts.slice(0, 1), this.#charts.slice(1)].map((charts) => ({
      part: { update: () => charts.forEach((chart) => void chart.draw()) },
      shows: ['series', 'faults'],
    }));
    root.append(...this.#charts.map(({ root: figure }) => figure));
  }
}
