import type { ReadStream, WriteStream } from 'node:tty';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
/** Everything between the two appears at once, where the terminal knows them; others ignore them. */
const BEGIN = '\u001b[?2026h\u001b[H';
const END = '\u001b[J\u001b[?2026l';
const CTRL_C = '\u0003';

/**
 * The whole terminal, for as long as it is open: an alternate screen without a cursor, and keys that do not echo.
 * `close` gives it back as it was, and so does an end of the process that did not come to that.
 */
export class Screen {
  readonly #output: WriteStream;
  readonly #input: ReadStream;
  readonly #leave = () => this.close();
  readonly #typed: (text: string) => void;
  readonly #raw: boolean;
  #open = true;

  constructor(output: WriteStream, input: ReadStream, ended: () => void) {
    this.#output = output;
    this.#input = input;
    this.#raw = input.isTTY === true;
    // In raw mode Ctrl-C is a character like any other.
    this.#typed = (text) => {
      if (text.includes(CTRL_C) || text.toLowerCase().includes('q')) ended();
    };
    process.once('exit', this.#leave);
    output.write(ENTER);
    if (!this.#raw) return;
    input.setRawMode(true);
    input.setEncoding('utf8').on('data', this.#typed);
  }

  get size(): { readonly columns: number; readonly rows: number } {
    // A terminal that does not know its size is taken for the classic one.
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  /** Skipped while the terminal has not taken the last one: a slow line must not be shown what was long ago. */
  draw(lines: readonly string[]): void {
    if (!this.#open || this.#output.writableNeedDrain) return;
    this.#output.write(`${BEGIN}${lines.map((line) => `${line}\u001b[K`).join('\r\n')}${END}`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#leave);
    if (this.#raw) {
      this.#input.off('data', this.#typed).pause();
      this.#input.setRawMode(false);
    }
    this.#output.write(LEAVE);
  }
}
