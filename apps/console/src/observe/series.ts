import type { Column, Series } from '../shared/state.ts';

/** Two points a second, the last 120 s. */
export const POINT_MS = 500;
const POINTS = 240;

export type Point = Readonly<Record<Column, number | null>>;

const COLUMNS: readonly Column[] = [
  'stalenessMs',
  'lagMs',
  'l1',
  'l2',
  'origin',
  'originPerSecond',
  'requests',
  'errors',
];

/** The curves, all over one time axis. */
export class Curves {
  readonly #points: { readonly t: number; readonly point: Point }[] = [];
  #taken = 0;

  add(t: number, point: Point): void {
    this.#points.push({ t, point });
    if (this.#points.length > POINTS) this.#points.shift();
  }

  all(): Series {
    return seriesOf(this.#points);
  }

  /** Those since it was last asked for. */
  takeFresh(): Series {
    const fresh = this.#points.filter(({ t }) => t > this.#taken);
    this.#taken = this.#points.at(-1)?.t ?? this.#taken;
    return seriesOf(fresh);
  }
}

function seriesOf(points: readonly { readonly t: number; readonly point: Point }[]): Series {
  const columns = COLUMNS.map((column) => [column, points.map(({ point }) => point[column])]);
  return { t: points.map(({ t }) => t), columns: Object.fromEntries(columns) as Series['columns'] };
}
