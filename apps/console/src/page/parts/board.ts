import type { ActiveFault, Member } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, el, say, vary } from '../dom.ts';
import { ALL_REPLICAS, faultTag } from '../faults.ts';
import type { Heavy } from '../frames.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { left } from '../words.ts';
import { Lane } from './lane.ts';
import { Matrix } from './matrix.ts';
import type { Menu } from './menu.ts';
import { Row } from './row.ts';
import { Vitals } from './vitals.ts';

/** Below this width of a column, in px, the cells say less. */
const NARROW_PX = 104;
/** Of replicas, as the server allows. */
const REPLICAS = { least: 1, most: 16 } as const;

class Head {
  readonly root: HTMLTableCellElement;
  readonly button: HTMLButtonElement;
  readonly #tag = el('span');
  readonly #left = el('span', { class: 'head-left' });

  constructor(name: string, open: (anchor: HTMLElement) => void) {
    this.button = el('button', { type: 'button', class: 'head-name', 'aria-haspopup': 'dialog' }, name);
    this.button.addEventListener('click', () => open(this.button));
    const fault = el('span', { class: 'head-fault' }, this.#tag, ' ', this.#left);
    this.root = el('th', { scope: 'col', class: 'head' }, this.button, fault);
  }

  show(member: Member, faults: readonly ActiveFault[], at: number): void {
    const mine = faults.filter(({ id }) => member.faults.includes(id));
    const first = mine[0];
    attr(this.root, 'data-state', member.state);
    attr(this.root, 'data-faulted', mine.length > 0);
    const more = mine.length > 1 ? ` +${mine.length - 1}` : '';
    say(this.#tag, first ? `${faultTag(first.kind)}${more}` : '');
    say(this.#left, first ? left(first.healsAt - at) : '');
  }
}

/** The table with one column per replica; columns come and go by themselves as the cluster is scaled. */
export class Board implements Part {
  readonly #table = byId('grid', HTMLTableElement);
  readonly #scroll = byId('board-scroll', HTMLElement);
  readonly #fewer = el('button', { type: 'button', 'aria-label': 'One replica fewer', 'aria-keyshortcuts': '-' }, '−');
  readonly #more = el('button', { type: 'button', 'aria-label': 'One replica more', 'aria-keyshortcuts': '+' }, '+');
  readonly #count = el('output', { 'aria-live': 'off' });
  readonly #heads: Row<Head>;
  readonly #vitals = new Vitals();
  readonly #lane = new Lane();
  readonly matrix = new Matrix();
  /** Two of its bodies. The lane's ages grow with every picture. */
  readonly heavy: readonly Heavy[] = [
    { part: this.matrix, shows: ['matrix', 'members'] },
    { part: this.#lane.upper, shows: ['at'] },
    { part: this.#lane.lower, shows: ['at'] },
  ];
  readonly #commands: Commands;
  #replicas: string[] = [];
  /** Those that are not gone. */
  #present = 0;
  #wanted: number | null = null;
  #narrow = false;
  #model: Model | undefined;

  constructor(commands: Commands, menu: Menu) {
    this.#commands = commands;
    const whole = el('button', { type: 'button', class: 'head-name', 'aria-haspopup': 'dialog' }, 'Whole cluster');
    whole.addEventListener('click', () => menu.open(whole, 'cluster', ALL_REPLICAS));
    this.#fewer.addEventListener('click', () => this.scale(-1));
    this.#more.addEventListener('click', () => this.scale(1));
    const stepper = el('span', { class: 'stepper' }, this.#fewer, this.#count, this.#more);
    const corner = el('th', { scope: 'col', class: 'corner' }, el('div', {}, whole, stepper));
    const origin = el('th', { scope: 'col', class: 'head origin' }, 'Origin');
    this.#heads = new Row<Head>(
      [corner, origin],
      (name) => new Head(name, (anchor) => menu.open(anchor, 'replica', name)),
    );
    const columns = el('colgroup', {}, el('col', { class: 'col-key' }), el('col', { class: 'col-origin' }));
    this.#table.append(
      columns,
      el('thead', {}, this.#heads.root),
      this.#vitals.root,
      this.matrix.root,
      this.#lane.root,
    );
    new ResizeObserver(() => this.#fit()).observe(this.#scroll);
  }

  /** Asks for so many replicas more, or fewer; repeated presses add up while the cluster is on its way. */
  scale(by: number): void {
    const from = this.#wanted ?? this.#present;
    const wanted = Math.min(REPLICAS.most, Math.max(REPLICAS.least, from + by));
    if (wanted === from) return;
    this.#wanted = wanted;
    this.#showCount();
    void this.#commands.scale(wanted).then((done) => {
      if (done === null && this.#wanted === wanted) this.#wanted = null;
      this.#showCount();
    });
  }

  /** The button of the n-th replica, from 1. */
  button(n: number): HTMLButtonElement | undefined {
    return this.#heads.cells.get(this.#replicas[n - 1] ?? '')?.button;
  }

  update(model: Model, changed: Changed): void {
    this.#model = model;
    const { now } = model;
    const replicas = now.members.filter(({ kind }) => kind === 'replica');
    if (changed.has('members')) {
      this.#columns(replicas.map(({ name }) => name));
      this.#showCount(replicas.filter(({ state }) => state !== 'gone').length);
    }
    for (const member of replicas) this.#heads.cells.get(member.name)?.show(member, now.faults, now.at);
    if (changed.has('members') || changed.has('cluster')) this.#vitals.update(model);
  }

  #columns(names: string[]): void {
    if (names.length === this.#replicas.length && names.every((name, i) => name === this.#replicas[i])) return;
    this.#replicas = names;
    vary(this.#table, '--replicas', String(names.length));
    this.#heads.columns(names);
    this.#vitals.columns(names);
    this.matrix.columns(names);
    this.#lane.columns(names);
    this.#fit();
  }

  #showCount(present = this.#present): void {
    this.#present = present;
    if (this.#wanted === present) this.#wanted = null;
    say(this.#count, this.#wanted === null ? String(present) : `${present} → ${this.#wanted}`);
    this.#fewer.disabled = (this.#wanted ?? present) <= REPLICAS.least;
    this.#more.disabled = (this.#wanted ?? present) >= REPLICAS.most;
  }

  #fit(): void {
    const width = this.#heads.cells.get(this.#replicas[0] ?? '')?.root.clientWidth ?? NARROW_PX;
    const narrow = width < NARROW_PX;
    attr(this.#table, 'data-scrolls', this.#scroll.scrollWidth > this.#scroll.clientWidth);
    if (narrow === this.#narrow && this.#table.dataset.width !== undefined) return;
    this.#narrow = narrow;
    attr(this.#table, 'data-width', narrow ? 'narrow' : 'wide');
    this.#vitals.narrow = narrow;
    if (this.#model) this.#vitals.update(this.#model);
  }
}
