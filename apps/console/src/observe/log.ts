import type { LogLine } from '../shared/state.ts';

/** Lines that are kept, and characters of one. */
const LINES = 400;
const TEXT_LENGTH = 240;
/** Lines a second; what is beyond is counted, and told in one. */
const PER_SECOND = 30;

/** What happened, in words, for people. */
export class Log {
  readonly #lines: LogLine[] = [];
  #id = 0;
  #taken = 0;
  #second = 0;
  #inSecond = 0;

  add(kind: string, replica: string | null, text: string): void {
    const at = Date.now();
    const second = Math.floor(at / 1_000);
    if (second !== this.#second) {
      const left = this.#inSecond - PER_SECOND;
      this.#second = second;
      this.#inSecond = 0;
      if (left > 0) this.#push(at, 'log', null, `${left} more lines in that second`);
    }
    if (this.#inSecond++ < PER_SECOND)
      this.#push(at, kind, replica, text.replace(/\p{Cc}/gu, ' ').slice(0, TEXT_LENGTH));
  }

  all(): LogLine[] {
    return [...this.#lines];
  }

  /** Those since it was last asked for. */
  takeFresh(): LogLine[] {
    const fresh = this.#lines.filter(({ id }) => id > this.#taken);
    this.#taken = this.#id;
    return fresh;
  }

  #push(at: number, kind: string, replica: string | null, text: string): void {
    this.#lines.push({ id: ++this.#id, at, kind, replica, text });
    if (this.#lines.length > LINES) this.#lines.shift();
  }
}
