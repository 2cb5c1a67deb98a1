import type { Agenda } from '../time/agenda.ts';

/** One thing that happened, for people. */
export interface Line {
  readonly at: number;
  readonly who: string;
  readonly text: string;
  /** It is what always happens, and brought nothing. */
  readonly dull: boolean;
}

/** What happened in one cluster, in order; kept only where somebody wants to read it. */
export class Trace {
  readonly lines: Line[] = [];
  readonly #agenda: Agenda;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  note(who: string, text: string, dull = false): void {
    this.lines.push({ at: this.#agenda.now, who, text, dull });
  }
}
