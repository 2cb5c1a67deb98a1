import type { Commands } from '../commands.ts';
import { attr, byId, say } from '../dom.ts';
import type { Changed, Model } from '../model.ts';
import type { Part } from '../part.ts';
import { type Scene, STEPS } from './steps.ts';

/** Of the scenarios that there are, the first of these is the tour's: faults that a textbook cache never notices. */
const SCENARIOS = ['tour', 'deaf-subscriber', 'lost-message'] as const;
/** A step that waited so long, in ms, may be left all the same: the tour does not hold anybody. */
const PATIENCE_MS = 60_000;

/** The guided tour: a bar with one sentence per step, which waits until what it speaks of can be seen. */
export class Tour implements Part {
  readonly #bar = byId('tour', HTMLElement);
  readonly #words = byId('tour-words', HTMLElement);
  readonly #state = byId('tour-state', HTMLElement);
  readonly #progress = byId('tour-progress', HTMLProgressElement);
  readonly #next = byId('tour-next', HTMLButtonElement);
  readonly #opener = byId('tour-start', HTMLButtonElement);
  readonly #commands: Commands;
  readonly #model: () => Model | undefined;
  #step: number | null = null;
  #since = 0;
  #scenario = '';
  #product = 1;

  constructor(commands: Commands, model: () => Model | undefined) {
    this.#commands = commands;
    this.#model = model;
    this.#progress.max = STEPS.length;
    this.#opener.addEventListener('click', () => this.start());
    this.#next.addEventListener('click', () => this.next());
    byId('tour-stop', HTMLButtonElement).addEventListener('click', () => this.stop());
    this.#words.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      // Or the end of the tour, which moves the focus to the button that begins it, would begin it again.
      event.preventDefault();
      this.next();
    });
  }

  get isOn(): boolean {
    return this.#step !== null;
  }

  start(): void {
    const model = this.#model();
    if (model === undefined || this.#step !== null) return;
    const names = model.now.scenarios.map(({ name }) => name);
    this.#scenario = SCENARIOS.find((name) => names.includes(name)) ?? names[0] ?? '';
    model.results.delete(this.#scenario);
    // The first of the matrix, where it can be seen.
    this.#product = Number(model.now.matrix.keys[0]?.key.split(':')[1] ?? 1);
    attr(this.#bar, 'hidden', false);
    attr(document.documentElement, 'data-tour', true);
    this.#go(0);
  }

  /** To the next step, if what this one waits for has come; from the last one, to the end. */
  next(): void {
    if (this.#step === null || this.#next.disabled) return;
    if (this.#step + 1 < STEPS.length) this.#go(this.#step + 1);
    else this.stop();
  }

  /** Ends the tour, and the scenario that it started. */
  stop(): void {
    if (this.#step === null) return;
    const scenario = this.#model()?.now.scenario;
    if (scenario && scenario.name === this.#scenario && !scenario.done) void this.#commands.stopScenario();
    this.#step = null;
    attr(this.#bar, 'hidden', true);
    attr(document.documentElement, 'data-tour', false);
    this.#lift(null);
    this.#opener.focus();
  }

  update(_model: Model, _changed: Changed): void {
    this.#show();
  }

  #go(step: number): void {
    const model = this.#model();
    if (model === undefined) return;
    this.#step = step;
    this.#since = model.now.at;
    const { show, begin } = STEPS[step] ?? {};
    if (begin === 'edit') void this.#commands.edit(this.#product, 1000 + (Math.floor(model.now.at / 1000) % 9000));
    if (begin === 'scenario') void this.#commands.scenario(this.#scenario);
    this.#lift(show ?? null);
    this.#show();
    this.#words.focus({ preventScroll: true });
  }

  #show(): void {
    const model = this.#model();
    const step = this.#step === null ? undefined : STEPS[this.#step];
    if (model === undefined || step === undefined || this.#step === null) return;
    const { now, results } = model;
    const result = results.get(this.#scenario) ?? { naive: null, guarded: null };
    const scene: Scene = { now, result, since: this.#since, product: this.#product };
    const isReady = step.ready(scene);
    const waited = now.at - this.#since;
    say(this.#words, step.words(scene));
    const { scenario } = now;
    const isPlaying = step.during === 'scenario' && scenario?.name === this.#scenario && !scenario.done;
    const played = isPlaying ? ` · ${scenario.protocol}: ${scenario.stepText}` : '';
    const waits = isReady ? '' : ` · waiting for ${step.waits}`;
    say(this.#state, `${this.#step + 1} of ${STEPS.length}${waits}${played}`);
    this.#progress.value = this.#step + (isReady ? 1 : 0.5);
    this.#next.disabled = !isReady && waited < PATIENCE_MS;
    const isLast = this.#step + 1 === STEPS.length;
    say(this.#next, isLast ? 'Done' : isReady || waited < PATIENCE_MS ? 'Continue' : 'Go on without');
  }

  #lift(selector: string | null): void {
    for (const element of document.querySelectorAll('[data-toured]')) attr(element, 'data-toured', false);
    const element = selector === null ? null : document.querySelector(selector);
    if (element === null) return;
    attr(element, 'data-toured', true);
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    element.scrollIntoView({ block: 'nearest', behavior });
  }
}
