import type { Cell } from '../../shared/state.ts';
import { attr, el, keyed, say } from '../dom.ts';
import type { Model } from '../model.ts';
import type { Part } from '../part.ts';
import { brief, NOTHING, whole } from '../words.ts';
import { GroupRow, Row } from './row.ts';

/**
 * How a cell looks and reads. `late` is a stale one within the bound, which the protocol allows; `stale` is beyond it,
 * which it does not: the difference between the two is what the page is about.
 */
type Look = 'fresh' | 'late' | 'stale' | 'absent' | 'unknown';

const SIGNS: Readonly<Record<Look, string>> = { fresh: '✓', late: '△', stale: '▲', absent: '–', unknown: '?' };

class HeldCell {
  readonly root: HTMLTableCellElement;
  readonly #sign = el('span', { class: 'sign', 'aria-hidden': 'true' });
  readonly #version = el('span', { class: 'version' });
  readonly #words = el('span', { class: 'words' });

  constructor() {
    this.root = el(
      'td',
      { class: 'held' },
      el('div', { class: 'box' }, this.#sign, ' ', this.#version, ' ', this.#words),
    );
  }

  show(cell: Cell | undefined, boundMs: number, gone: boolean): void {
    const look = gone || cell === undefined ? 'unknown' : lookOf(cell, boundMs);
    attr(this.root, 'data-look', look);
    say(this.#sign, SIGNS[look]);
    say(this.#version, cell?.version == null ? '' : whole(cell.version));
    const isStale = look === 'late' || look === 'stale';
    say(this.#words, isStale ? brief(cell?.staleMs ?? null) : look);
  }
}

function lookOf({ state, staleMs }: Cell, boundMs: number): Look {
  if (state !== 'stale') return state;
  return staleMs !== null && staleMs <= boundMs ? 'late' : 'stale';
}

class KeyRow {
  readonly row: Row<HeldCell>;
  readonly root: HTMLTableRowElement;
  readonly origin = el('div', { class: 'box' });

  constructor(key: string) {
    const head = el('th', { scope: 'row', class: 'key' }, key);
    this.row = new Row([head, el('td', { class: 'origin num' }, this.origin)], () => new HeldCell());
    this.root = this.row.root;
    this.root.dataset.key = key;
  }
}

/** The rows that say which version of each key every replica holds, against the origin's. */
export class Matrix implements Part {
  readonly root = el('tbody', { class: 'matrix' });
  readonly #group: GroupRow;
  readonly #rows = new Map<string, KeyRow>();
  #replicas: readonly string[] = [];
  #marked: string | null = null;

  constructor() {
    const legend = (['fresh', 'late', 'stale', 'absent', 'unknown'] as const).map((look) =>
      el(
        'span',
        { 'data-look': look },
        el('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[look]),
        ` ${{ fresh: 'as the origin', late: 'late, within the bound', stale: 'stale', absent: 'absent', unknown: 'not known' }[look]}`,
      ),
    );
    this.#group = new GroupRow('Version held in L1', legend);
    this.root.append(this.#group.root);
  }

  columns(replicas: readonly string[]): void {
    this.#replicas = replicas;
    this.#group.span(replicas.length);
    for (const { row } of this.#rows.values()) row.columns(replicas);
  }

  update({ now }: Model): void {
    const { keys, cells } = now.matrix;
    keyed(
      this.root,
      this.#rows,
      keys.map(({ key }) => key),
      (key) => {
        const made = new KeyRow(key);
        made.row.columns(this.#replicas);
        attr(made.root, 'data-marked', key === this.#marked);
        return made;
      },
      1,
    );
    const gone = new Set(now.members.filter(({ state }) => state === 'gone').map(({ name }) => name));
    keys.forEach(({ key, version }, i) => {
      const view = this.#rows.get(key);
      if (view === undefined) return;
      say(view.origin, version === 0 ? NOTHING : whole(version));
      for (const [replica, cell] of view.row.cells) {
        cell.show(cells[replica]?.[i], now.cluster.boundMs, gone.has(replica));
      }
    });
  }

  /** Lifts the row of a key, so that the eye finds it; null: none. */
  mark(key: string | null): void {
    this.#marked = key;
    for (const [name, { root }] of this.#rows) attr(root, 'data-marked', name === key);
  }
}
