import type { ScenarioChoice, ScenarioState } from '../scenario/console-client.ts';

const PROTOCOL_WIDTH = 'guarded'.length;

/** Says how a scenario goes: a line for each step and each result, for people or as JSON. */
export class ScenarioWords {
  readonly #json: boolean;
  readonly #say: (line: string) => void;
  #last = '';
  readonly #told = new Set<string>();

  constructor(json: boolean, say: (line: string) => void) {
    this.#json = json;
    this.#say = say;
  }

  static choice({ name, title, sentence }: ScenarioChoice): string {
    return `${name.padEnd(20)} ${title}: ${sentence}`;
  }

  /** Hears a state; says what of it is new. */
  hear(state: ScenarioState): void {
    const { protocol, phase, step, of, stepText, result } = state;
    for (const [played, words] of Object.entries(result)) this.#result(played, words);
    const now = [protocol, step, stepText].join(' ');
    if (now === this.#last || state.done || stepText === '') return;
    this.#last = now;
    if (this.#json) this.#say(JSON.stringify({ protocol, phase, step, of, text: stepText }));
    else this.#say(`${protocol.padEnd(PROTOCOL_WIDTH)}  ${String(step).padStart(2)}/${of}  ${stepText}`);
  }

  /** Says how it ended; true when it showed what it must. */
  end({ name, phase, result, shown }: ScenarioState): boolean {
    const good = shown === true;
    if (this.#json) this.#say(JSON.stringify({ name, shown: good, phase, result }));
    else this.#say(good ? `${name} has shown what it must` : `${name} has not shown what it must (${phase})`);
    return good;
  }

  #result(protocol: string, words: string | null): void {
    if (words === null || this.#told.has(protocol)) return;
    this.#told.add(protocol);
    if (this.#json) this.#say(JSON.stringify({ protocol, result: words }));
    else this.#say(`${protocol.padEnd(PROTOCOL_WIDTH)}         ${words}`);
  }
}
