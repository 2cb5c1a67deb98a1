import type { Control } from '../cluster/control.ts';
import type { Faults } from '../faults/faults.ts';
import type { Observer } from '../observe/observer.ts';
import { formatCount, formatMs, plural } from '../observe/words.ts';
import { Refusal } from '../refusal.ts';
import type { Protocol, ScenarioState, Verdict } from '../shared/state.ts';
import type { Clients } from '../traffic/clients.ts';
import { LiveStage } from './live-stage.ts';
import type { Scenario } from './scenario.ts';

/** How long the replicas may take to speak another protocol, or to become ready, ms. */
const READY_MS = 120_000;
/** After the last step, what is under way is waited for, ms. */
const SETTLE_MS = 500;

export interface ScenariosParts {
  readonly all: readonly Scenario[];
  readonly observer: Observer;
  readonly clients: Clients;
  readonly faults: Faults;
  readonly ids: readonly number[];
}

/** Plays scenarios, one at a time: first on naive replicas, then on guarded ones. */
export class Scenarios {
  readonly #parts: ScenariosParts;
  #state: ScenarioState | null = null;
  #ending: AbortController | null = null;
  #played: Promise<void> = Promise.resolve();

  constructor(parts: ScenariosParts) {
    this.#parts = parts;
  }

  get running(): boolean {
    return this.#ending !== null;
  }

  /** The one that is played, or was last; null before the first, and after one was ended. */
  get state(): ScenarioState | null {
    return this.#state;
  }

  /** Begins one; how it goes is told by `state`. Throws `Refusal` when there is none of that name, or one is played. */
  begin(name: string, control: Control): void {
    const scenario = this.#parts.all.find((one) => one.name === name);
    if (scenario === undefined) throw new Refusal(404, `there is no scenario ${JSON.stringify(name)}`);
    if (this.running) throw new Refusal(409, 'one scenario at a time: end the other first');
    const ending = new AbortController();
    this.#ending = ending;
    this.#played = this.#play(scenario, control, ending.signal).finally(() => {
      this.#ending = null;
    });
  }

  /** Ends the one that is played, if any, with what it has broken healed; resolves when that is done. */
  async end(): Promise<void> {
    this.#ending?.abort(new Refusal(409, 'the scenario was ended'));
    await this.#played;
    this.#state = null;
  }

  async #play(scenario: Scenario, control: Control, signal: AbortSignal): Promise<void> {
    const { observer, clients, faults } = this.#parts;
    const before = clients.settings;
    const { name, steps } = scenario;
    const result: ScenarioState['result'] = { naive: null, guarded: null };
    const shared = { name, step: 0, of: 2 * steps.length, result, done: false, shown: null, stepText: '' };
    this.#state = { ...shared, protocol: 'naive', phase: 'beginning' };
    observer.log.add('scenario', null, `${scenario.title}: begins`);
    observer.quiet = true;
    try {
      for (const protocol of ['naive', 'guarded'] as const) {
        await this.#half(scenario, protocol, control, signal);
        await faults.undoAll();
        clients.set(before);
      }
      this.#set({ phase: 'done', done: true, shown: showsAll(scenario, this.#state?.result ?? result) });
      const { naive, guarded } = this.#state?.result ?? result;
      observer.log.add('scenario', null, `${scenario.title}: naive ${naive}; guarded ${guarded}`);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      observer.log.add('trouble', null, `${scenario.title}: ${words}`);
      this.#set({ phase: `failed: ${words}`, done: true, shown: false });
    } finally {
      observer.quiet = false;
      clients.set(before);
      await faults.undoAll();
    }
  }

  async #half(scenario: Scenario, protocol: Protocol, control: Control, signal: AbortSignal): Promise<void> {
    const { observer, clients, faults, ids } = this.#parts;
    const { site, verdict } = observer;
    this.#set({ protocol, phase: 'switching', stepText: `The replicas are restarted with the ${wordFor(protocol)}.` });
    const stage = new LiveStage({ protocol, ids, observer, clients, faults, control, signal });
    if (site.protocol !== protocol || site.mixed) await stage.during(observer.whileMixed(control.protocol(protocol)));
    await site.refresh();
    const ready = await stage.until(() => site.allReady && site.protocol === protocol && !site.mixed, READY_MS);
    if (!ready) throw new Error(`the replicas are not ready within ${READY_MS} ms`);
    clients.begin(scenario.seed);
    observer.beginVerdict();
    const measured = scenario.measure?.(stage);
    for (const [index, step] of scenario.steps.entries()) {
      const done = protocol === 'naive' ? 0 : scenario.steps.length;
      this.#set({
        phase: 'running',
        step: done + index + 1,
        stepText: typeof step.text === 'string' ? step.text : step.text[protocol],
      });
      await step.play(stage);
    }
    await stage.wait(SETTLE_MS);
    const words = resultOf(verdict.view()) + (measured === undefined ? '' : `, ${measured()}`);
    if (this.#state !== null) this.#set({ result: { ...this.#state.result, [protocol]: words } });
  }

  #set(more: Partial<ScenarioState>): void {
    if (this.#state !== null) this.#state = { ...this.#state, ...more };
  }
}

function showsAll({ shows }: Scenario, result: ScenarioState['result']): boolean {
  return (['naive', 'guarded'] as const).every((one) => shows[one] === 'any' || result[one]?.startsWith(shows[one]));
}

function wordFor(protocol: Protocol): string {
  return protocol === 'naive' ? 'textbook cache' : 'guarded cache';
}

/** Begins with the outcome: `violated: 312 of 1,904 reads, worst staleness 6,200 ms`. */
function resultOf({ outcome, reads, levels, worstStalenessMs }: Verdict): string {
  const wrong = levels.bounded.violations + levels.session.violations + levels.strong.violations;
  const count =
    wrong === 0
      ? `${plural(wrong, 'violation')} in ${plural(reads, 'read')}`
      : `${formatCount(wrong)} of ${plural(reads, 'read')}`;
  return `${outcome}: ${count}, worst staleness ${formatMs(worstStalenessMs)}`;
}
