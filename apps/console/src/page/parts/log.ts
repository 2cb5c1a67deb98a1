import type { LogLine } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, el, say } from '../dom.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { clockTime, count } from '../words.ts';

/** Lines in the document; all that the model keeps can be copied. */
const SHOWN = 150;

/** What happened, the newest first. While it is paused nothing moves in it; what came meanwhile is counted. */
export class Log implements Part {
  readonly #list = byId('log-lines', HTMLElement);
  readonly #state = byId('log-state', HTMLElement);
  readonly #pause = byId('log-pause', HTMLButtonElement);
  readonly #commands: Commands;
  #lines: readonly LogLine[] = [];
  #shownTo = -1;
  #isPaused = false;

  constructor(commands: Commands) {
    this.#commands = commands;
    this.#pause.addEventListener('click', () => this.pause(!this.#isPaused));
    byId('log-copy', HTMLButtonElement).addEventListener('click', () => void this.#copy());
  }

  togglePause(): void {
    this.pause(!this.#isPaused);
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    attr(this.#pause, 'aria-pressed', String(isPaused));
    say(this.#pause, isPaused ? 'Go on' : 'Pause');
    this.#show();
  }

  update({ now }: Model, changed: Changed): void {
    if (!changed.has('log')) return;
    this.#lines = now.log;
    // The console was started anew, and counts from the beginning.
    if ((now.log.at(-1)?.id ?? -1) < this.#shownTo) {
      this.#shownTo = -1;
      this.#list.replaceChildren();
    }
    this.#show();
  }

  #show(): void {
    const fresh = this.#lines.filter(({ id }) => id > this.#shownTo);
    if (this.#isPaused) {
      say(this.#state, `paused, ${count(fresh.length, 'new line')}`);
      return;
    }
    say(this.#state, '');
    this.#shownTo = fresh.at(-1)?.id ?? this.#shownTo;
    this.#list.prepend(...fresh.slice(-SHOWN).reverse().map(lineOf));
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild?.remove();
  }

  async #copy(): Promise<void> {
    const lines = this.#isPaused ? this.#lines.filter(({ id }) => id <= this.#shownTo) : this.#lines;
    try {
      await navigator.clipboard.writeText(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      this.#commands.notify(`${count(lines.length, 'line')} copied.`);
    } catch {
      this.#commands.notify('Not copied: the browser does not let this page use the clipboard.');
    }
  }
}

function lineOf({ at, kind, replica, text }: LogLine): HTMLElement {
  return el(
    'li',
    { 'data-kind': kind },
    el('time', { datetime: new Date(at).toISOString() }, clockTime(at)),
    el('span', { class: 'log-kind' }, kind),
    el('span', { class: 'log-replica' }, replica ?? ''),
    el('span', { class: 'log-text' }, text),
  );
}
