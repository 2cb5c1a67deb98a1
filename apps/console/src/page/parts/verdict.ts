import type { Level, Verdict, Violation } from '../../shared/state.ts';
import { attr, byId, el, say } from '../dom.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { count, NOTHING, span, whole } from '../words.ts';

const WORDS: Readonly<Record<Verdict['outcome'], string>> = { held: 'Held', violated: 'Violated', unknown: 'Unknown' };
const LEVELS: readonly Level[] = ['bounded', 'session', 'strong'];
/** What screen readers say has a line of its own: while the outcome stays, it changes not oftener than this, in ms. */
const SPEAK_MS = 10_000;
/** Violations that are listed; they are counted beyond. */
const LISTED = 20;

class Fact {
  readonly root: HTMLElement;
  readonly #value = el('dd');

  constructor(title: string) {
    this.root = el('div', {}, el('dt', {}, title), this.#value);
  }

  show(words: string, isBad = false): void {
    say(this.#value, words);
    attr(this.root, 'data-bad', isBad);
  }
}

/** The verdict in words, the numbers behind it, and what violated it with its witness. */
export class VerdictLine implements Part {
  readonly #root = byId('verdict', HTMLElement);
  readonly #line = byId('verdict-line', HTMLElement);
  readonly #word = byId('verdict-word', HTMLElement);
  readonly #words = byId('verdict-words', HTMLElement);
  readonly #details = byId('violations', HTMLDetailsElement);
  readonly #summary = byId('violations-words', HTMLElement);
  readonly #list = byId('violations-list', HTMLElement);
  readonly #facts = new Map<string, Fact>();
  #spoken = Number.NEGATIVE_INFINITY;
  #listed = '';

  constructor() {
    const titles = ['Reads judged', 'Writes', 'Worst staleness', ...LEVELS, 'Unknown', 'Nines', 'Canary'];
    for (const title of titles) this.#facts.set(title, new Fact(title));
    byId('verdict-facts', HTMLElement).append(...[...this.#facts.values()].map(({ root }) => root));
    this.#details.addEventListener('toggle', () => this.#list.toggleAttribute('data-open', this.#details.open));
  }

  update({ now }: Model, changed: Changed): void {
    if (!changed.has('verdict')) return;
    const { verdict, at } = now;
    const { outcome, words } = verdict;
    if (this.#root.dataset.outcome !== outcome || at - this.#spoken >= SPEAK_MS || this.#spoken > at) {
      this.#spoken = at;
      say(this.#line, `${WORDS[outcome]}: ${words}`);
    }
    attr(this.#root, 'data-outcome', outcome);
    say(this.#word, WORDS[outcome]);
    say(this.#words, words);
    this.#showFacts(verdict, at);
    this.#showViolations(verdict.violations);
  }

  #showFacts(verdict: Verdict, at: number): void {
    const { reads, writes, worstStalenessMs, boundMs, levels, unknown, nines, canary } = verdict;
    this.#facts.get('Reads judged')?.show(whole(reads));
    this.#facts.get('Writes')?.show(whole(writes));
    const isPast = worstStalenessMs > boundMs;
    this.#facts.get('Worst staleness')?.show(`${span(worstStalenessMs)} of ${span(boundMs)}`, isPast);
    for (const level of LEVELS) {
      const { reads: judged, violations } = levels[level];
      const words = judged === 0 ? 'none read' : `${whole(violations)} wrong in ${whole(judged)}`;
      this.#facts.get(level)?.show(words, violations > 0);
    }
    this.#facts.get('Unknown')?.show(whole(unknown));
    this.#facts.get('Nines')?.show(nines === '' ? NOTHING : nines);
    const noticed = { true: 'noticed', false: 'not noticed', null: 'not yet' }[String(canary.noticed)] ?? NOTHING;
    const words = canary.last === null ? 'not yet' : `${noticed}, ${span(at - canary.last)} ago`;
    this.#facts.get('Canary')?.show(words, canary.noticed === false);
  }

  #showViolations(violations: readonly Violation[]): void {
    const { length } = violations;
    say(
      this.#summary,
      length === 0
        ? 'No violation'
        : length === 1
          ? 'Show the witness'
          : `Show ${count(length, 'witness', 'witnesses')}`,
    );
    attr(this.#details, 'data-any', length > 0);
    const shown = violations.slice(-LISTED).reverse();
    const name = `${length} ${shown[0]?.words ?? ''}`;
    if (name === this.#listed) return;
    this.#listed = name;
    this.#list.replaceChildren(...shown.map(witness));
  }
}

function witness({ level, words, witness: operations, trace }: Violation): HTMLElement {
  const lines = [...operations.map((operation) => JSON.stringify(operation)), '', ...trace];
  return el('article', {}, el('h3', {}, `${level}: ${words}`), el('pre', { tabindex: 0 }, lines.join('\n')));
}
