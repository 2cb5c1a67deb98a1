import { byId, el, isTyping } from '../dom.ts';

export interface Shortcut {
  /** As `KeyboardEvent.key` has it; several do the same. */
  readonly keys: readonly string[];
  /** As the table writes them. */
  readonly shown: string;
  readonly does: string;
  act(key: string): void;
}

/**
 * Everything by one key, and the table of them. Single keys get in the way of those who dictate: they can be switched
 * off there, and everything they do can be reached by Tab as well.
 */
export class Keys {
  readonly #dialog = byId('keys', HTMLDialogElement);
  readonly #isOn = el('input', { type: 'checkbox', checked: true });

  constructor(shortcuts: readonly Shortcut[]) {
    const all: Shortcut[] = [
      ...shortcuts,
      { keys: ['?'], shown: '?', does: 'This table', act: () => this.#dialog.showModal() },
    ];
    const rows = all.map(({ shown, does }) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, ...shown.split(' ').map((key) => el('kbd', {}, key))),
        el('td', {}, does),
      ),
    );
    const more = [
      ['Tab', 'To the next thing that can be pressed, and Enter presses it'],
      ['↑ ↓', 'Within a menu'],
      ['← →', 'On a chart: along the time axis, in all charts'],
      ['Esc', 'Closes a menu or this table'],
    ].map(([keys = '', does = '']) =>
      el('tr', {}, el('th', { scope: 'row' }, ...keys.split(' ').map((key) => el('kbd', {}, key))), el('td', {}, does)),
    );
    const close = el('button', { type: 'button', class: 'primary' }, 'Close');
    close.addEventListener('click', () => this.#dialog.close());
    this.#dialog.append(
      el('h2', { id: 'keys-h' }, 'Keys'),
      el('div', { class: 'keys-table' }, el('table', {}, el('tbody', {}, ...rows, ...more))),
      el('footer', {}, el('label', {}, this.#isOn, ' Single keys are on'), close),
    );
    byId('keys-open', HTMLButtonElement).addEventListener('click', () => this.#dialog.showModal());
    document.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (!this.#isOn.checked || this.#dialog.open) return;
      const found = all.find(({ keys }) => keys.includes(event.key));
      if (found === undefined) return;
      event.preventDefault();
      found.act(event.key);
    });
  }
}
