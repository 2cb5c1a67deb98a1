import type { ActiveFault } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, el, keyed, say } from '../dom.ts';
import { canBeUndone, FAULTS, type FaultChoice, type Place } from '../faults.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { left } from '../words.ts';

/** How long a fault may hold before it heals by itself, in ms. */
const HOLDS_MS = [5000, 10_000, 20_000, 60_000] as const;
const HOLD_MS = 10_000;
const NOT_HERE = 'Not available on this kind of cluster.';
const CHANGING = 'Not while the replicas change their protocol.';
/** Between the menu and what it was opened from, and the edges of the window, in px. */
const MARGIN = 6;

class Item {
  readonly root = el('li');
  readonly button = el('button', { type: 'button', class: 'item' });
  readonly #title = el('span', { class: 'item-title' });
  readonly #sentence = el('span', { class: 'item-sentence' });
  readonly #choice: FaultChoice;

  constructor(choice: FaultChoice, press: () => void) {
    this.#choice = choice;
    this.button.append(this.#title, this.#sentence);
    this.button.addEventListener('click', press);
    this.root.append(this.button);
  }

  /** `obstacle` is why it cannot be put on now; what is on can be undone all the same. */
  show(active: ActiveFault | undefined, obstacle: string | null, at: number): void {
    const { title, sentence } = this.#choice;
    const canUndo = active !== undefined && canBeUndone(active.kind);
    this.button.disabled = active === undefined ? obstacle !== null : !canUndo;
    attr(this.button, 'data-active', active !== undefined);
    const begun = active && (canUndo ? `Undo: ${title} (${left(active.healsAt - at)})` : `${title}: under way`);
    say(this.#title, begun ?? title);
    say(this.#sentence, (active === undefined ? obstacle : null) ?? sentence);
  }
}

/**
 * The menu that opens where a member is touched: the faults that can be put on it, and how long they hold. One for the
 * page; it is a popover, so that Escape and a click elsewhere close it and the focus goes back by itself.
 */
export class Menu implements Part {
  readonly #root = byId('menu', HTMLElement);
  readonly #heading = el('h2', { id: 'menu-h' });
  readonly #list = el('ul');
  readonly #items = new Map<string, Item>();
  readonly #commands: Commands;
  readonly #model: () => Model | undefined;
  #target = '';
  #choices: readonly FaultChoice[] = [];

  constructor(commands: Commands, model: () => Model | undefined) {
    this.#commands = commands;
    this.#model = model;
    const holds = HOLDS_MS.map((ms) => {
      const input = el('input', { type: 'radio', name: 'hold', value: ms, checked: ms === HOLD_MS });
      return el('label', {}, input, el('span', {}, `${ms / 1000} s`));
    });
    const hold = el('fieldset', { class: 'switch hold' }, el('legend', {}, 'It heals after'), ...holds);
    this.#root.append(this.#heading, hold, this.#list);
    this.#root.addEventListener('keydown', (event) => this.#arrow(event));
  }

  open(anchor: HTMLElement, place: Place, target: string): void {
    this.#target = target;
    this.#choices = FAULTS[place];
    this.#items.clear();
    this.#list.replaceChildren();
    say(this.#heading, place === 'cluster' ? 'The whole cluster' : target);
    this.#show();
    this.#root.hidePopover();
    // To which the focus returns, also when a key has opened the menu.
    anchor.focus();
    this.#root.showPopover();
    this.#place(anchor);
    this.#items.values().next().value?.button.focus();
  }

  update(_model: Model, changed: Changed): void {
    if (changed.has('at') && this.#root.matches(':popover-open')) this.#show();
  }

  #show(): void {
    const now = this.#model()?.now;
    if (now === undefined) return;
    const kinds = this.#choices.map(({ kind }) => kind);
    keyed(this.#list, this.#items, kinds, (kind) => this.#item(kind));
    const { available, changing } = now.cluster;
    for (const [kind, item] of this.#items) {
      const isHere = available[kind as FaultChoice['kind']] === true;
      item.show(this.#active(kind), isHere ? (changing ? CHANGING : null) : NOT_HERE, now.at);
    }
  }

  #item(kind: string): Item {
    const choice = this.#choices.find((one) => one.kind === kind);
    if (choice === undefined) throw new Error(`no fault ${kind}`);
    return new Item(choice, () => {
      const active = this.#active(kind);
      if (active) void this.#commands.undo(active.id);
      else
        void this.#commands.fault({
          kind: choice.kind,
          target: this.#target,
          holdMs: this.#holdMs(),
          ...choice.extent,
        });
      this.#root.hidePopover();
    });
  }

  #active(kind: string): ActiveFault | undefined {
    return this.#model()?.now.faults.find((fault) => fault.kind === kind && fault.target === this.#target);
  }

  #holdMs(): number {
    return Number(this.#root.querySelector<HTMLInputElement>('input[name=hold]:checked')?.value ?? HOLD_MS);
  }

  /** Under its anchor, or above where there is no room, and always within the window. */
  #place(anchor: HTMLElement): void {
    const from = anchor.getBoundingClientRect();
    const { width, height } = this.#root.getBoundingClientRect();
    const x = Math.max(MARGIN, Math.min(from.left, innerWidth - width - MARGIN));
    const under = from.bottom + MARGIN;
    const y = under + height <= innerHeight - MARGIN ? under : Math.max(MARGIN, from.top - height - MARGIN);
    this.#root.style.left = `${x}px`;
    this.#root.style.top = `${y}px`;
  }

  #arrow(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const target = event.target;
    if (by === undefined || !(target instanceof HTMLButtonElement)) return;
    const buttons = [...this.#items.values()].map(({ button }) => button).filter(({ disabled }) => !disabled);
    const next = buttons[(buttons.indexOf(target) + by + buttons.length) % buttons.length];
    next?.focus();
    event.preventDefault();
  }
}
