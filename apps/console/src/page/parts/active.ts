import type { ActiveFault } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, el, keyed, say, unseen, vary } from '../dom.ts';
import { canBeUndone } from '../faults.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { left } from '../words.ts';

class Chip {
  readonly root = el('li', { class: 'chip' });
  readonly #words = el('span', { class: 'chip-words' });
  readonly #left = el('span', { class: 'chip-left' });

  readonly #undo = el('button', { type: 'button', class: 'chip-undo' }, 'Undo', unseen(' this fault'));

  constructor(undo: () => void) {
    this.#undo.addEventListener('click', undo);
    this.root.append(this.#words, this.#left, this.#undo);
  }

  show({ kind, words, target, since, healsAt }: ActiveFault, at: number): void {
    attr(this.#undo, 'hidden', !canBeUndone(kind));
    say(this.#words, words.toLowerCase().includes(target) ? words : `${target}: ${words}`);
    say(this.#left, healsAt > at ? `${canBeUndone(kind) ? 'heals' : 'over'} in ${left(healsAt - at)}` : 'healing');
    const whole = Math.max(1, healsAt - since);
    vary(this.root, '--share', Math.max(0, Math.min(1, (healsAt - at) / whole)).toFixed(3));
  }
}

/** The faults that are active, each with what is left of its time and an undo. The line is always there, so that the
 *  page does not jump when a fault begins. */
export class Active implements Part {
  readonly #list = byId('active-list', HTMLElement);
  readonly #none = byId('active-none', HTMLElement);
  readonly #all = byId('undo-all', HTMLButtonElement);
  readonly #chips = new Map<string, Chip>();
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
    this.#all.addEventListener('click', () => this.undoAll());
  }

  undoLast(): void {
    const last = [...this.#chips.keys()].at(-1);
    if (last !== undefined) void this.#commands.undo(last);
  }

  undoAll(): void {
    for (const id of this.#chips.keys()) void this.#commands.undo(id);
  }

  update({ now }: Model, changed: Changed): void {
    const { faults, at } = now;
    if (changed.has('faults')) {
      const ids = faults.map(({ id }) => id);
      keyed(this.#list, this.#chips, ids, (id) => new Chip(() => void this.#commands.undo(id)));
      attr(this.#none, 'hidden', faults.length > 0);
      attr(this.#all, 'hidden', faults.length < 2);
    }
    for (const fault of faults) this.#chips.get(fault.id)?.show(fault, at);
  }
}
