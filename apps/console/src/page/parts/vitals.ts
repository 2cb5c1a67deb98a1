import type { Member } from '../../shared/state.ts';
import { attr, el, say, vary } from '../dom.ts';
import type { Model } from '../model.ts';
import { millis, NOTHING, percent, short, span, whole } from '../words.ts';
import { Row } from './row.ts';

/** A cell: words, and under them a bar of up to three shares of the column's width. */
class Vital {
  readonly root: HTMLTableCellElement;
  readonly #words = el('span', { class: 'vital-words' });
  readonly #bars: HTMLElement[] = [];

  constructor(kind: string, bars: number) {
    const box = el('div', { class: 'box', 'data-bars': bars > 0 }, this.#words);
    this.root = el('td', { class: `vital ${kind}` }, box);
    if (bars === 0) return;
    const bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
    for (let i = 0; i < bars; i += 1) this.#bars.push(bar.appendChild(el('i')));
    box.append(bar);
  }

  show(words: string, shares: readonly number[] = [], sign: string | null = null): void {
    say(this.#words, words);
    attr(this.root, 'data-sign', sign);
    this.#bars.forEach((bar, i) => {
      vary(bar, '--share', (shares[i] ?? 0).toFixed(3));
    });
  }
}

interface Kind {
  readonly title: string;
  readonly hint: string;
  readonly bars: number;
  show(cell: Vital, member: Member, context: { boundMs: number; narrow: boolean }): void;
}

/** What is shown of a replica, one row each. */
const KINDS: Readonly<Record<string, Kind>> = {
  state: {
    title: 'State',
    hint: '',
    bars: 0,
    show: (cell, { state }) => cell.show(state, [], state),
  },
  trust: {
    title: 'Trust age',
    hint: 'of the bound',
    bars: 1,
    show: (cell, { trustAgeMs }, { boundMs }) => {
      const share = trustAgeMs === null ? 0 : Math.min(1, trustAgeMs / boundMs);
      cell.show(
        trustAgeMs === null ? 'none' : span(trustAgeMs),
        [share],
        trustAgeMs === null || share >= 1 ? 'out' : null,
      );
    },
  },
  ratios: {
    title: 'Hits L1 · L2 · origin',
    hint: '%',
    bars: 3,
    show: (cell, { ratios }, { narrow }) => {
      if (ratios === null) return cell.show(NOTHING);
      const { l1, l2, origin } = ratios;
      const all = [l1, l2, origin].map((share) => percent(share).replace(' %', ''));
      cell.show(narrow ? percent(l1) : all.join(' · '), [l1, l2, origin]);
    },
  },
  lag: {
    title: 'Lag p50 / p99',
    hint: 'ms',
    bars: 0,
    show: (cell, { lagMs }, { narrow }) => {
      if (lagMs === null) return cell.show(NOTHING);
      const { p50, p99 } = lagMs;
      cell.show(narrow ? `${tight(p50)}/${tight(p99)}` : `${millis(p50)} / ${millis(p99)}`);
    },
  },
  entries: {
    title: 'Entries in L1',
    hint: '',
    bars: 1,
    show: (cell, { l1 }, { narrow }) => {
      if (l1 === null) return cell.show(NOTHING);
      const share = l1.maxEntries > 0 ? l1.entries / l1.maxEntries : 0;
      cell.show(narrow ? short(l1.entries) : `${whole(l1.entries)} of ${short(l1.maxEntries)}`, [share]);
    },
  },
  rate: {
    title: 'Reads',
    hint: 'per s',
    bars: 0,
    show: (cell, { perSecond }) => cell.show(short(perSecond && Math.round(perSecond))),
  },
  applied: {
    title: 'Applied clock',
    hint: '',
    bars: 0,
    show: (cell, { applied, epoch }, { narrow }) => {
      cell.show(narrow || epoch === null ? whole(applied) : `${whole(applied)} in ${epoch.slice(0, 4)}`);
    },
  },
};

function tight(ms: number): string {
  return ms < 1 ? ms.toFixed(1) : short(Math.round(ms));
}

/** The rows that say how each replica is. */
export class Vitals {
  /** The columns have room for less. */
  narrow = false;
  readonly root = el('tbody', { class: 'vitals' });
  readonly #rows = new Map<string, Row<Vital>>();

  constructor() {
    for (const [name, { title, hint, bars }] of Object.entries(KINDS)) {
      const head = el('th', { scope: 'row', colspan: 2 }, title, el('span', { class: 'hint' }, hint));
      const row = new Row([head], () => new Vital(name, bars));
      this.#rows.set(name, row);
      this.root.append(row.root);
    }
  }

  columns(replicas: readonly string[]): void {
    for (const row of this.#rows.values()) row.columns(replicas);
  }

  update({ now }: Model): void {
    const context = { boundMs: now.cluster.boundMs, narrow: this.narrow };
    for (const member of now.members) {
      for (const [name, row] of this.#rows) {
        const cell = row.cells.get(member.name);
        if (cell) KINDS[name]?.show(cell, member, context);
      }
    }
  }
}
