import type { ScenarioChoice, ScenarioState } from '../../shared/state.ts';
import type { Commands } from '../commands.ts';
import { attr, byId, el, keyed, say, unseen } from '../dom.ts';
import type { Changed, Model, Result } from '../model.ts';
import type { Part } from '../part.ts';

type Outcome = 'held' | 'violated' | 'unknown';

/** How a result looks: it begins with its outcome. */
function outcomeOf(words: string): Outcome {
  return (/^(held|violated)\b/.exec(words)?.[1] ?? 'unknown') as Outcome;
}

const SIGNS = { held: '✓', violated: '▲', unknown: '?', running: '…' } as const;

class Side {
  readonly root = el('td', { class: 'side' });
  readonly #sign = el('span', { class: 'sign', 'aria-hidden': 'true' });
  readonly #words = el('span', { class: 'side-words' });

  constructor() {
    this.root.append(this.#sign, this.#words);
  }

  show(words: string | null, isRunning: boolean): void {
    const running = isRunning ? 'running' : null;
    const outcome = words === null ? running : outcomeOf(words);
    attr(this.root, 'data-outcome', outcome);
    say(this.#sign, outcome === null ? '' : SIGNS[outcome]);
    say(this.#words, words ?? (isRunning ? 'running' : '–'));
  }
}

class ScenarioRow {
  readonly root: HTMLTableRowElement;
  readonly #naive = new Side();
  readonly #guarded = new Side();
  readonly #run: HTMLButtonElement;

  constructor({ name, title, sentence }: ScenarioChoice, run: () => void) {
    this.#run = el('button', { type: 'button' }, 'Run', unseen(` ${title}`));
    this.#run.addEventListener('click', run);
    const head = el(
      'th',
      { scope: 'row' },
      el('span', { class: 'item-title' }, title),
      el('span', { class: 'item-sentence' }, sentence),
    );
    this.root = el(
      'tr',
      { 'data-scenario': name },
      head,
      this.#naive.root,
      this.#guarded.root,
      el('td', {}, this.#run),
    );
  }

  show(result: Result | undefined, running: 'naive' | 'guarded' | null, isBusy: boolean): void {
    this.#naive.show(result?.naive ?? null, running === 'naive');
    this.#guarded.show(result?.guarded ?? null, running === 'guarded');
    attr(this.root, 'data-running', running !== null);
    this.#run.disabled = isBusy;
  }
}

function progressOf({ protocol, step, of, stepText, phase, done, shown, name }: ScenarioState): string {
  if (!done) return `${protocol}, step ${step} of ${of}: ${stepText}`;
  if (shown === null || phase.startsWith('failed')) return `${name} ${phase}`;
  return shown ? `${name} showed what it must` : `${name} did not show what it must`;
}

/** The scenarios, and what each came to on either side: the same fault, once by the textbook and once guarded. */
export class Scenarios implements Part {
  readonly #body = byId('scenario-rows', HTMLTableSectionElement);
  readonly #now = byId('scenario-now', HTMLElement);
  readonly #stop = byId('scenario-stop', HTMLButtonElement);
  readonly #rows = new Map<string, ScenarioRow>();
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
    this.#stop.addEventListener('click', () => void this.#commands.stopScenario());
  }

  update({ now, results }: Model, changed: Changed): void {
    if (!changed.has('scenarios') && !changed.has('scenario')) return;
    const { scenario, scenarios } = now;
    keyed(
      this.#body,
      this.#rows,
      scenarios.map(({ name }) => name),
      (name) => this.#row(name, scenarios),
    );
    const running = scenario !== null && !scenario.done ? scenario : null;
    say(this.#now, scenario === null ? '' : progressOf(scenario));
    attr(this.#stop, 'hidden', running === null);
    for (const [name, row] of this.#rows) {
      row.show(results.get(name), running?.name === name ? running.protocol : null, running !== null);
    }
  }

  #row(name: string, scenarios: readonly ScenarioChoice[]): ScenarioRow {
    const found = scenarios.find((one) => one.name === name) ?? { name, title: name, sentence: '' };
    return new ScenarioRow(found, () => void this.#commands.scenario(name));
  }
}
