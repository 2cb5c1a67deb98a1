import { attr, el, keyed } from '../dom.ts';

interface CellView {
  readonly root: HTMLTableCellElement;
}

/** A row of the board: some heads of its own, then one cell per replica, which come and go with the replicas. */
export class Row<C extends CellView> {
  readonly root = el('tr');
  readonly cells = new Map<string, C>();
  readonly #make: (replica: string) => C;
  readonly #heads: number;

  constructor(heads: readonly HTMLTableCellElement[], make: (replica: string) => C) {
    this.root.append(...heads);
    this.#heads = heads.length;
    this.#make = make;
  }

  columns(replicas: readonly string[]): void {
    keyed(this.root, this.cells, replicas, this.#make, this.#heads);
  }
}

/** The heading of a group of rows, over all columns: what they show, and the key to their signs. */
export class GroupRow {
  readonly root: HTMLTableRowElement;
  readonly #head: HTMLTableCellElement;

  constructor(title: string, legend: readonly Node[]) {
    const name = el('span', { class: 'group-title' }, title);
    const line = el('div', { class: 'group-line' }, name, el('span', { class: 'legend' }, ...legend));
    this.#head = el('th', { scope: 'rowgroup', class: 'group' }, line);
    this.root = el('tr', { class: 'group-row' }, this.#head);
  }

  /** Over the two columns that are always there, and those of the replicas: one more would be a column of its own. */
  span(replicas: number): void {
    attr(this.#head, 'colspan', 2 + replicas);
  }
}
