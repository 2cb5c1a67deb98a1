import type uPlotType from 'uplot';
import uPlot from '/vendor/uplot/uPlot.esm.js';
import type { Column } from '../../shared/state.ts';
import { el, say } from '../dom.ts';
import type { Model } from '../model.ts';
import { drawBands } from './bands.ts';
import type { Palette, Tint } from './palette.ts';

/** What the time axis shows, in s, and where it is marked. */
const WINDOW_S = 120;
const MARKS_S = [-120, -90, -60, -30, 0] as const;
/** Height of the plots, the lowest of which carries the time axis, and width of the value axes, in px. */
const HEIGHT = { plot: 82, axis: 18 } as const;
const AXIS_PX = 42;

/** Charts of this name have their cursors at the same time. */
const TOGETHER = 'lockstep';

interface Line {
  readonly column: Column;
  readonly name: string;
  readonly tint: Tint;
  readonly dash: number[];
  words(value: number): string;
}

export interface ChartKind {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** `tens`: by powers of ten, with room for 0; `share`: 0 to 1; `amount`: from 0 to what there is. */
  readonly scale: 'tens' | 'share' | 'amount';
  /** The figure in words, from the same data. */
  summary(values: (column: Column) => readonly number[], model: Model): string;
  readonly bound: boolean;
}

const TENS = [0, 1, 10, 100, 1000, 10_000, 100_000];

/** One figure: a heading with the values under the cursor (or the last), the plot, and a summary in words. */
export class Chart {
  readonly root: HTMLElement;
  readonly #kind: ChartKind;
  readonly #palette: Palette;
  readonly #model: () => Model;
  readonly #holder = el('div', { class: 'plot', 'aria-hidden': 'true' });
  readonly #summary = el('p', { class: 'summary' });
  readonly #values: HTMLElement[] = [];
  readonly #isFirst: boolean;
  readonly #isLast: boolean;
  #plot: uPlotType | undefined;

  constructor(kind: ChartKind, palette: Palette, model: () => Model, place: { first: boolean; last: boolean }) {
    this.#kind = kind;
    this.#palette = palette;
    this.#model = model;
    this.#isFirst = place.first;
    this.#isLast = place.last;
    const keys = kind.lines.map(({ name, tint, dash }) => {
      const value = el('span', { class: 'key-value' });
      this.#values.push(value);
      return el(
        'span',
        { class: 'chart-key', 'data-tint': tint, 'data-dash': dash.length > 0 },
        el('i'),
        name,
        ' ',
        value,
      );
    });
    const caption = el(
      'figcaption',
      {},
      el('h3', {}, kind.title, el('span', { class: 'hint' }, kind.unit)),
      el('span', { class: 'chart-keys' }, ...keys),
    );
    this.root = el(
      'figure',
      { class: 'chart', tabindex: 0, 'data-last': place.last },
      caption,
      this.#holder,
      this.#summary,
    );
    this.root.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#size()).observe(this.#holder);
  }

  /** Draws what is known now; the window ends at `now`, so that all charts stand at the same time. */
  draw(): void {
    this.#plot ??= this.#make();
    const { series } = this.#model().now;
    const x = series.t.map((t) => t / 1000);
    this.#plot.setData([x, ...this.#kind.lines.map(({ column }) => series.columns[column])], true);
    this.#label();
    this.#sum();
  }

  /** After a change of the colours. */
  redraw(): void {
    this.#plot?.redraw(false, true);
  }

  #size(): void {
    const width = this.#holder.clientWidth;
    if (width > 0) this.#plot?.setSize({ width, height: this.#height() });
  }

  #height(): number {
    return HEIGHT.plot + (this.#isLast ? HEIGHT.axis : 0);
  }

  #make(): uPlotType {
    const { lines } = this.#kind;
    const colour = (tint: Tint) => () => this.#palette.colour(tint);
    const options: uPlotType.Options = {
      width: Math.max(100, this.#holder.clientWidth),
      height: this.#height(),
      padding: [6, 8, this.#isLast ? 2 : 7, 0],
      legend: { show: false },
      cursor: {
        y: false,
        sync: { key: TOGETHER },
        points: { size: 5 },
        drag: { x: false, y: false, setScale: false },
      },
      scales: { x: { time: false, range: () => this.#window() }, y: this.#scale() },
      axes: [this.#timeAxis(), this.#valueAxis()],
      series: [
        {},
        ...lines.map(
          ({ tint, dash }): uPlotType.Series => ({ stroke: colour(tint), width: 1.5, dash, points: { show: false } }),
        ),
      ],
      hooks: {
        drawAxes: [
          (plot) => drawBands(plot, this.#model(), this.#palette, this.#isFirst),
          (plot) => this.#drawBound(plot),
        ],
        setCursor: [() => this.#label()],
      },
    };
    return new uPlot(options, [[], ...lines.map(() => [])], this.#holder);
  }

  #window(): [number, number] {
    const end = this.#model().now.at / 1000;
    return [end - WINDOW_S, end];
  }

  #scale(): uPlotType.Scale {
    const { scale } = this.#kind;
    if (scale === 'share') return { range: () => [0, 1] };
    if (scale === 'amount') return { range: (_plot, _min, max) => [0, ceiling(max ?? 0)] };
    const { boundMs } = this.#model().now.cluster;
    return { distr: 4, asinh: 1, range: (_plot, _min, max) => [0, Math.max(boundMs, max ?? 0) * 2] };
  }

  #timeAxis(): uPlotType.Axis {
    return {
      show: true,
      size: this.#isLast ? HEIGHT.axis : 0,
      splits: (_plot, _i, _min, max) => MARKS_S.map((s) => max + s),
      values: (_plot, splits) => (this.#isLast ? splits.map((_s, i) => timeWords(MARKS_S[i] ?? 0)) : []),
      ...this.#ink(),
      gap: 2,
      align: 2,
    };
  }

  #valueAxis(): uPlotType.Axis {
    const { scale } = this.#kind;
    return {
      size: AXIS_PX,
      gap: 4,
      ...this.#ink(),
      // The scale's own leaves out most of what is no power of its base.
      filter: (_plot, splits) => splits,
      splits: (_plot, _i, min, max) => {
        if (scale === 'tens') return TENS.filter((value, i) => value <= max && i !== 1);
        return scale === 'share' ? [0, 0.5, 1] : [min, max / 2, max];
      },
      values: (_plot, splits) => splits.map((value) => (scale === 'share' ? `${value * 100} %` : axisWords(value))),
    };
  }

  #ink(): Pick<uPlotType.Axis, 'stroke' | 'grid' | 'ticks' | 'font'> {
    return {
      stroke: () => this.#palette.colour('faint'),
      grid: { stroke: () => this.#palette.colour('rule'), width: 1 },
      ticks: { show: false },
      font: `10px ${this.#palette.font}`,
    };
  }

  #drawBound(plot: uPlotType): void {
    if (!this.#kind.bound) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(this.#model().now.cluster.boundMs, 'y', true));
    ctx.save();
    ctx.strokeStyle = this.#palette.colour('alarm');
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = this.#palette.colour('alarm');
    ctx.font = `${9.5 * devicePixelRatio}px ${this.#palette.font}`;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    ctx.fillText('bound', bbox.left + 3, y - 1);
    ctx.restore();
  }

  #label(): void {
    const plot = this.#plot;
    if (plot === undefined) return;
    const index = plot.cursor.idx ?? plot.data[0].length - 1;
    this.#kind.lines.forEach(({ words }, i) => {
      const value = plot.data[i + 1]?.[index];
      const target = this.#values[i];
      if (target) say(target, value == null ? '–' : words(value));
    });
  }

  #sum(): void {
    const model = this.#model();
    const { columns } = model.now.series;
    say(
      this.#summary,
      this.#kind.summary((column) => columns[column].filter((value) => value !== null), model),
    );
  }

  /** The arrow keys move the cursor of all charts along their common time axis; Escape takes it away. */
  #key(event: KeyboardEvent): void {
    const plot = this.#plot;
    if (plot === undefined) return;
    const last = plot.data[0].length - 1;
    const from = plot.cursor.idx ?? last;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (event.key === 'Escape') moveCursors(-10);
    const x = to === undefined ? undefined : plot.data[0][Math.max(0, Math.min(last, to))];
    if (x === undefined) return;
    moveCursors(plot.valToPos(x, 'x'));
    event.preventDefault();
  }
}

/** A cursor that is set by script moves alone, so each is moved: over one time axis, the same place is the same time. */
function moveCursors(left: number): void {
  for (const plot of uPlot.sync(TOGETHER).plots) plot.setCursor({ left, top: HEIGHT.plot / 2 });
}

/** The next of 1, 2, 4, 10 times a power of ten: an axis that seldom changes, and whose half is round. */
function ceiling(max: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(max, 1)));
  return [1, 2, 4, 10].map((n) => n * power).find((n) => n >= max * 1.05) ?? 20 * power;
}

/** The oldest mark stands where the value axis has its words. */
function timeWords(s: number): string {
  if (s === -WINDOW_S) return '';
  return s === 0 ? 'now' : `−${-s} s`;
}

function axisWords(value: number): string {
  return value >= 1000 ? `${value / 1000}k` : String(value);
}
